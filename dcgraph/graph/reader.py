"""YAML 1.2 text to a `Document`: every value with its line, and nothing that could run or explode.

The parser's events are read one by one, so that depth and number of values are bounded while
reading; tags are refused, and an alias costs as many values as it stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import ReaderError

from dcgraph.errors import GraphError, Problem, RequestError
from dcgraph.graph.document import (
    MAX_DEPTH,
    MAX_VALUES,
    NOT_UNICODE,
    Document,
    Place,
    is_key,
    is_unicode,
    shown,
    subject,
    too_large,
)

MAX_BYTES = 512 * 1024
MAX_NUMERAL = 64  # characters; what is longer is no number but text
CORE_TYPES = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))


@dataclass(frozen=True)
class FileKind:
    """What a file is to hold, as messages call it.

    Attributes
    ----------
    thing : str
        "graph", "study".
    needs : str
        The keys without which there is none.
    """

    thing: str
    needs: str

    @property
    def noun(self) -> str:
        """How the file is called."""
        return f"{self.thing} file"


GRAPH = FileKind("graph", "`nodes:` and `forward:`")


def read_document(path: Path, kind: FileKind = GRAPH) -> Document:
    """Return the document in a file.

    Raises
    ------
    RequestError
        The file cannot be read.
    GraphError
        It is not text, not YAML, too large, or not a mapping.
    """
    file = str(path)
    try:
        if not path.is_file():
            what = "is a directory" if path.is_dir() else "does not exist"
            if path.exists() and not path.is_dir():
                what = "is not a regular file"
            message = f"cannot read the {kind.noun}: it {what}"
            raise RequestError(message, file=file)
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"cannot read the {kind.noun}: {error.strerror or error}"
        raise RequestError(message, file=file) from error
    if content.startswith(b"\x89HDF\r\n\x1a\n"):
        _refuse(f"expected a {kind.noun} (YAML text), received an HDF5 file", file)
    if len(content) > MAX_BYTES:
        _refuse(f"the file is larger than {MAX_BYTES // 1024} KiB: no {kind.noun} needs that", file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        _refuse(f"expected UTF-8 text, received other bytes: is this a {kind.noun}?", file, line)
    return parse_document(text, file, kind)


def parse_document(text: str, file: str | None = None, kind: FileKind = GRAPH) -> Document:
    """Return the document in a text.

    Raises
    ------
    GraphError
        It is not YAML, too large, or not a mapping.
    """
    document = Document({}, file)
    root = _Reader(text, document, kind.noun).root()
    if root is None or root.value is None:
        _refuse(f"the file is empty: a {kind.thing} needs at least {kind.needs}", file)
    if not isinstance(root.value, dict):
        message = f"expected a mapping with {kind.needs}, received {shown(root.plain())}"
        _refuse(message, file, root.line)
    root.note_lines((), document.lines)
    document.data = root.plain()
    return document


def parse_value(text: str) -> Any:
    """Return the value of a ``--set``: a YAML scalar, list or mapping.

    Raises
    ------
    GraphError
        The text is not YAML.
    """
    document = Document({})
    root = _Reader(text, document).root()
    if document.problems:
        raise GraphError(document.problems)
    return None if root is None else root.plain()


def _refuse(message: str, file: str | None, line: int | None = None) -> NoReturn:
    raise GraphError([Problem(message, file, line)])


@dataclass
class _Item:
    """A value with its line; `size` counts it and all inside, `height` says how deep they go."""

    value: Any  # scalar, list of items, or dict of key to (line of the key, item)
    line: int
    size: int = 1
    height: int = 0

    def plain(self) -> Any:
        if isinstance(self.value, dict):
            return {key: item.plain() for key, (_, item) in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def note_lines(self, place: Place, lines: dict[Place, int]) -> None:
        if isinstance(self.value, dict):
            for key, (line, item) in self.value.items():
                lines[(*place, key)] = line
                item.note_lines((*place, key), lines)
        elif isinstance(self.value, list):
            for i, item in enumerate(self.value):
                lines[(*place, i)] = item.line
                item.note_lines((*place, i), lines)


@dataclass
class _Reader:
    """Builds items from the parser's events."""

    text: str
    document: Document
    noun: str = GRAPH.noun
    yaml: Any = field(default_factory=lambda: YAML(typ="safe", pure=True))
    anchors: dict[str, _Item | None] = field(default_factory=dict)

    def root(self) -> _Item | None:
        """Return the only document's root, None for an empty text."""
        events = self._events()
        root = None
        for event in events:
            if isinstance(event, StreamEndEvent):
                break
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    self._fatal("expected one YAML document, received a second", event)
                if event.version not in (None, (1, 2)):
                    self._fatal("expected YAML 1.2, received another version", event)
                root = self._item(next(events), events, ())
        return root

    def _events(self) -> Iterator[Any]:
        try:
            yield from self.yaml.parse(self.text)
        except MarkedYAMLError as error:
            parts = [str(part) for part in (error.problem, error.context) if part]
            message = f"not valid YAML: {' '.join(', '.join(parts).split())}"
            mark = error.problem_mark or error.context_mark
            if error.context_mark is not None and "end" in message and "stream" in message:
                mark = error.context_mark  # where what has no end begins
            if "'\\t'" in message:
                message += "; indent with spaces, not tabs"
            elif "<block end>" in message:
                message += "; check the indentation"
            _refuse(message, self.document.file, None if mark is None else mark.line + 1)
        except ReaderError as error:
            line = self.text.count("\n", 0, error.position) + 1
            message = f"not valid YAML: a control character stands here, is this a {self.noun}?"
            _refuse(message, self.document.file, line)
        except (YAMLError, ValueError) as error:
            _refuse(f"not valid YAML: {' '.join(str(error).split())}", self.document.file)

    def _fatal(self, message: str, event: Any) -> NoReturn:
        _refuse(message, self.document.file, event.start_mark.line + 1)

    def _note(self, message: str, line: int, place: Place) -> None:
        problem = Problem(message, self.document.file, line, *subject(place))
        self.document.problems.append(problem)

    def _item(self, event: Any, events: Iterator[Any], place: Place) -> _Item:
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if event.tag is not None:
            self._fatal(f"tags are not accepted, received {shown(str(event.tag))}", event)
        if len(place) > MAX_DEPTH:
            self._fatal(too_large(deep=True, noun=self.noun), event)
        if event.anchor is not None:
            self.anchors[event.anchor] = None  # not complete: cannot stand inside itself
        if isinstance(event, ScalarEvent):
            item = _Item(self._scalar(event), line)
        elif isinstance(event, SequenceStartEvent):
            item = self._sequence(_Item([], line), events, place)
        elif isinstance(event, MappingStartEvent):
            item = self._mapping(_Item({}, line), events, place)
        else:
            self._fatal("not valid YAML: expected a value", event)
        if event.anchor is not None:
            self.anchors[event.anchor] = item
        return item

    def _alias(self, event: Any) -> _Item:
        item = self.anchors.get(event.anchor)
        if item is None:
            why = (
                "stands inside its own anchor" if event.anchor in self.anchors else "has no anchor"
            )
            self._fatal(f"the alias *{event.anchor} {why}", event)
        return item

    def _grow(self, item: _Item, part: _Item, event: Any) -> None:
        """Count a part; aliases make sizes and heights that the text does not show."""
        item.size += part.size
        item.height = max(item.height, part.height + 1)
        if item.size > MAX_VALUES or item.height > MAX_DEPTH:
            self._fatal(too_large(deep=item.height > MAX_DEPTH, noun=self.noun), event)

    def _sequence(self, item: _Item, events: Iterator[Any], place: Place) -> _Item:
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            part = self._item(event, events, (*place, len(item.value)))
            self._grow(item, part, event)
            item.value.append(part)
        return item

    def _mapping(self, item: _Item, events: Iterator[Any], place: Place) -> _Item:
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            line = event.start_mark.line + 1
            key = self._item(event, events, (*place, ""))
            here = (*place, key.value if is_key(key.value) else "")
            part = self._item(next(events), events, here)
            self._grow(item, key, event)
            self._grow(item, part, event)
            if not is_key(key.value):
                self._note(
                    f"expected a short text as key, received {shown(key.plain())}", line, place
                )
            elif key.value in item.value:
                first = item.value[key.value][0]
                message = f"the key '{key.value}' stands here a second time, first on line {first}"
                self._note(message, line, here)
            else:
                item.value[key.value] = (line, part)
        return item

    def _scalar(self, event: Any) -> Any:
        text = event.value
        if not is_unicode(text):
            self._fatal(NOT_UNICODE, event)
        if not event.implicit[0] or event.style is not None or len(text) > MAX_NUMERAL:
            return text
        tag = self.yaml.resolver.resolve(ScalarNode, text, (True, False))
        if str(tag) not in CORE_TYPES:
            return text
        try:
            return self.yaml.constructor.construct_object(ScalarNode(tag, text))
        except ValueError:
            return text
