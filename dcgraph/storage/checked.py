"""Reads an HDF5 file that nobody vouches for: looks at what is declared before any data is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import ModelFileError
from dcgraph.graph.document import shown
from dcgraph.storage.layout import ATTRIBUTES_MAX, MEMBERS_MAX, TEXT_MAX

# What h5py raises for a file that the library cannot make sense of.
_LIBRARY_ERRORS = (OSError, RuntimeError, KeyError, TypeError, ValueError, OverflowError)


@dataclass
class Reading:
    """A file being read.

    Attributes
    ----------
    file : Path
        Its name, for messages.
    left : int
        Bytes of data that it can still yield: no honest file holds more than its size. Links let
        one array appear many times.
    """

    file: Path
    left: int


class CheckedGroup:
    """A group of which only plain members can be had: hard links to groups and arrays."""

    def __init__(self, group: Any, reading: Reading) -> None:
        self._group = group
        self._reading = reading
        with self._asking():
            members = len(group)
        if members > MEMBERS_MAX:
            self.refuse("holds more members than any model does")
        self._check_attributes(group)

    @property
    def file(self) -> Path:
        """The name of the file."""
        return self._reading.file

    def refuse(self, what: str, name: str | None = None) -> NoReturn:
        """Raise the error of this file, naming the place.

        Raises
        ------
        ModelFileError
        """
        place = self._group.name or "a group"
        if name is not None:
            place = f"{place.rstrip('/')}/{name}"
        message = f"is damaged or no model file: {shown(place)} {what}"
        raise ModelFileError(message, file=self.file)

    @contextmanager
    def _asking(self, name: str | None = None) -> Iterator[None]:
        """Word what the library makes of a file it cannot read."""
        try:
            yield
        except _LIBRARY_ERRORS as error:
            try:
                self.refuse(f"cannot be read ({' '.join(str(error).split()):.100})", name)
            except ModelFileError as refusal:
                raise refusal from error

    def names(self) -> list[str]:
        """Return the names of the members."""
        with self._asking():
            return [_text(name) for name in self._group]

    def __contains__(self, name: str) -> bool:
        with self._asking(name):
            return bool(self._group.id.links.exists(name.encode()))

    def _member(self, name: str) -> Any:
        from h5py import h5l

        if name not in self:
            self.refuse("is missing", name)
        with self._asking(name):
            plain = self._group.id.links.get_info(name.encode()).type == h5l.TYPE_HARD
        if not plain:
            self.refuse("is a link to somewhere else, which is not followed", name)
        with self._asking(name):
            return self._group[name]

    def group(self, name: str, encoding: tuple[str, int]) -> CheckedGroup:
        """Return a member group of a known encoding."""
        import h5py

        member = self._member(name)
        if not isinstance(member, h5py.Group):
            self.refuse("should be a group", name)
        group = CheckedGroup(member, self._reading)
        kind = group.value("encoding-type", str)
        version = group.value("encoding-version", int)
        if kind != encoding[0]:
            group.refuse(f"is encoded as {shown(kind)}, expected '{encoding[0]}'")
        if version > encoding[1]:
            message = (
                f"'{member.name}' has encoding version {version}, this dcgraph reads up to "
                f"{encoding[1]}: update dcgraph"
            )
            raise ModelFileError(message, file=self.file)
        if version < 1:
            group.refuse(f"has encoding version {version}, expected 1 to {encoding[1]}")
        return group

    def array(self, name: str, dtype: np.dtype[Any], shape: tuple[int | None, ...]) -> NDArray[Any]:
        """Return a member array, checked before a byte of it is read.

        Parameters
        ----------
        dtype : dtype
            Expected element type; the order of its bytes may be another in the file.
        shape : tuple
            Expected shape; None in it is any size.
        """
        member = self._dataset(name)
        with self._asking(name):
            declared, found = member.dtype, member.shape
        if declared.newbyteorder("=") != dtype:
            self.refuse(f"holds {declared}, expected {dtype}", name)
        if found is None or not _fits(found, shape):
            self.refuse(
                f"has the shape {found}, expected {str(shape).replace('None', 'any')}", name
            )
        array: NDArray[Any] = self._content(member, name, dtype.itemsize * prod(found))
        return array.astype(dtype, copy=False)

    def text(self, name: str, *, most: int) -> str:
        """Return a member text of at most so many bytes, checked before a byte of it is read."""
        import h5py

        member = self._dataset(name)
        with self._asking(name):
            declared, shape = member.dtype, member.shape
        kind = h5py.check_string_dtype(declared)
        if shape != () or kind is None or kind.length is None:
            self.refuse(f"holds {declared} of shape {shape}, expected one text", name)
        if declared.itemsize > most:
            self.refuse(f"holds {declared.itemsize:,} bytes, expected at most {most:,}", name)
        content = bytes(self._content(member, name, declared.itemsize))
        try:
            return content.decode()
        except UnicodeDecodeError:
            self.refuse("is no text in UTF-8", name)

    def _dataset(self, name: str) -> Any:
        import h5py

        member = self._member(name)
        if not isinstance(member, h5py.Dataset):
            self.refuse("should be an array", name)
        self._check_attributes(member, name)
        self._check_storage(member, name)
        return member

    def _check_attributes(self, member: Any, name: str | None = None) -> None:
        """Refuse attributes, asked for or not, that are more than texts, numbers and truths."""
        with self._asking(name):
            count = len(member.attrs)
        if count > ATTRIBUTES_MAX:
            self.refuse("has more attributes than anything in a model", name)
        with self._asking(name):
            declared = [(key, member.attrs.get_id(key)) for key in member.attrs]
            sizes = [(key, own.shape, own.get_type().get_size()) for key, own in declared]
        for key, shape, size in sizes:
            where = f"has the attribute {shown(_text(key))} of"
            if shape != ():
                self.refuse(f"{where} shape {shape}, expected one value", name)
            if size > TEXT_MAX:
                self.refuse(f"{where} {size:,} bytes", name)

    def _content(self, member: Any, name: str, needed: int) -> Any:
        """Return all of an array of so many bytes, if the file can hold as many."""
        with self._asking(name):
            stored = member.id.get_storage_size()
        if needed > min(stored, self._reading.left):
            self.refuse(f"promises {needed:,} bytes, more than are stored", name)
        self._reading.left -= needed
        with self._asking(name):
            return member[()]

    def _check_storage(self, member: Any, name: str) -> None:
        """Refuse data that lies elsewhere, or that a filter (which can be any code) must unpack."""
        from h5py import h5d

        with self._asking(name):
            plan = member.id.get_create_plist()
            layout, outside = plan.get_layout(), plan.get_external_count()
        if layout == h5d.VIRTUAL or outside:
            self.refuse("keeps its data in another file, which is not read", name)
        if layout not in (h5d.CONTIGUOUS, h5d.COMPACT):  # only chunks pass through filters
            self.refuse("is stored in chunks or through filters, expected one plain block", name)

    def value(self, name: str, kind: type) -> Any:
        """Return an attribute: one text (str), integer (int), number (float) or truth (bool)."""
        with self._asking():
            present = name in self._group.attrs
        if not present:
            self.refuse(f"has no attribute '{name}'")
        value = self._attribute(name)
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            self.refuse(f"has the attribute '{name}' = {shown(value)}, expected {_KIND[kind]}")
        return value

    def values(self) -> dict[str, Any]:
        """Return all attributes but those that say how the group is encoded."""
        with self._asking():
            names = [_text(name) for name in self._group.attrs]
        return {name: self._attribute(name) for name in names if not name.startswith("encoding-")}

    def numbers(self) -> dict[str, float]:
        """Return all attributes but those of the encoding, each of which must be a number."""
        values = self.values()
        for name, value in values.items():
            if type(value) not in (int, float):
                self.refuse(f"has the attribute {shown(name)} = {shown(value)}, expected a number")
        return {name: float(value) for name, value in values.items()}

    def _attribute(self, name: str) -> str | int | float | bool:
        import h5py

        with self._asking():
            declared = self._group.attrs.get_id(name)
            dtype = declared.dtype
        text = h5py.check_string_dtype(dtype)
        if text is None and (dtype.kind not in "iufb" or dtype.itemsize > 8):
            self.refuse(f"has the attribute {shown(name)} of type {dtype}")
        with self._asking():
            value = self._group.attrs[name]
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if not isinstance(value, str):
            plain: int | float | bool = value.item()
            return plain
        if len(value) > TEXT_MAX:
            self.refuse(f"has the attribute {shown(name)} of {len(value):,} characters")
        return value


_KIND = {str: "a text", int: "an integer", float: "a number", bool: "true or false"}


def _text(name: str | bytes) -> str:
    """Return a name as text; h5py gives bytes where it is none."""
    return name if isinstance(name, str) else name.decode("utf-8", "backslashreplace")


def _fits(found: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(found) == len(wanted) and all(
        want is None or have == want for have, want in zip(found, wanted, strict=True)
    )
