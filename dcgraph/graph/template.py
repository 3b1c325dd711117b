"""A graph file to begin with: a stack of mixtures for given images, every line explained."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dcgraph.errors import RequestError
from dcgraph.graph.notation import DELAY_MAX, DELAY_STEP
from dcgraph.graph.stack import Windows, windows
from dcgraph.signal import Shape

COMPONENTS, TOP_COMPONENTS = 25, 49  # of the paper's graphs
EPOCHS, BATCHES = 1, 100  # the defaults of graph files, written out
MARGIN = 50  # columns before a comment that stands beside a line

_PLAIN_TEXT = re.compile(r"[A-Za-z][\w.+/-]*")
_YAML_WORDS = {"true", "false", "null"}


@dataclass(frozen=True)
class Template:
    """What the file is for.

    Attributes
    ----------
    name : str
        Of the graph.
    shape : (h, w, c)
        Of the images.
    depth : int
        How many mixtures stand above one another.
    components : sequence of int
        Of each mixture from the image up; one number stands for all; none: 25, at the top 49.
    data : mapping or None
        The keys of the data section; None: the file shows how to write one.
    epochs : float
    """

    name: str
    shape: Shape
    depth: int
    components: Sequence[int] = ()
    data: Mapping[str, Any] | None = None
    epochs: float = EPOCHS
    layers: tuple[Windows, ...] = field(init=False)
    numbers: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(windows(self.shape, self.depth)))
        object.__setattr__(self, "numbers", self._numbers())

    def _numbers(self) -> tuple[int, ...]:
        if not self.components:
            return (COMPONENTS,) * (self.depth - 1) + (TOP_COMPONENTS,)
        if len(self.components) == 1:
            return tuple(self.components) * self.depth
        if len(self.components) != self.depth:
            message = (
                f"expected one number of components or {self.depth}, one for each layer, received "
                f"{len(self.components)}"
            )
            raise RequestError(message, field="--components")
        return tuple(self.components)

    @property
    def notation(self) -> str:
        """The stack in the paper's notation."""
        tokens = []
        for layer, number in zip(self.layers, self.numbers, strict=True):
            tokens += [f"F({_short(layer.kernel)},{_short(layer.stride)})", f"G({number})"]
        return "-".join(tokens)

    def text(self, file: str) -> str:
        """Return the file's text.

        Parameters
        ----------
        file : str
            What the file will be called, for the commands in its head.
        """
        parts = (self._head(file), self._data(), self._nodes(), self._sampling(), self._train())
        return "\n".join(parts)

    def commands(self, file: str) -> tuple[str, ...]:
        """Return what one types next: check the file, train it, draw images."""
        source = " --data SOURCE" if self.data is None else ""
        return (
            f"dcgraph check {file}",
            f"dcgraph run {file}{source}",
            f"dcgraph sample runs/{self.name}-s0.h5 -o samples.png",
        )

    def _head(self, file: str) -> str:
        h, w, c = self.shape
        layers = "One layer" if self.depth == 1 else f"{self.depth} layers"
        commands = "".join(f"#   {command}\n" for command in self.commands(file))
        return (
            f"# {layers} of Gaussian mixtures for images of {h}x{w}x{c}:\n"
            f"#   {self.notation}\n#\n{commands}\nname: {_scalar(self.name)}\n"
        )

    def _data(self) -> str:
        head = "# What is learned from. 'dcgraph data list' shows the sources there are.\n"
        if self.data is None:
            shown = {"source": "npz", "train": "images.npz"}
            return head + "".join(f"# {line}\n" for line in _section("data", shown))
        lines = _section("data", self.data)
        hints = {
            "outliers": ("[0]", "labels never learned from, to be told apart"),
            "validation": ("0.1", "a part held back, to choose settings by"),
            "limit": ("1000", "fewer images, to try things out"),
        }
        for key, (value, comment) in hints.items():
            if key not in self.data:
                lines.append(_beside(f"  # {key}: {value}", comment))
        return head + "".join(f"{line}\n" for line in lines)

    def _nodes(self) -> str:
        shape = ", ".join(str(number) for number in self.shape)
        image = f"  image: {{type: input, shape: [{shape}]}}"
        head = "# Each mixture waits for those below it: delay 0.1 is a tenth of the training.\n"
        lines = [(head if self.depth > 1 else "") + "nodes:"]
        lines.append(_beside(image, "height, width, channels"))
        chain = ["image"]
        for i, (layer, number) in enumerate(zip(self.layers, self.numbers, strict=True), start=1):
            fold, gmm = f"fold{i}", f"gmm{i}"
            chain += [fold, gmm]
            kernel = f"kernel: {_size(layer.kernel)}"
            stride = "" if layer.stride == (1, 1) else f", stride: {_size(layer.stride)}"
            delay = f", delay: {_delay(i - 1)}" if i > 1 else ""
            (h, w), (kh, kw) = layer.positions, layer.kernel
            of = "pixels" if i == 1 else "positions"
            patches = f"{h}x{w} patches of {kh}x{kw} {of}" if h * w > 1 else f"all {kh}x{kw} {of}"
            lines += [
                "",
                _beside(f"  {fold}: {{type: folding, {kernel}{stride}}}", patches),
                _beside(
                    f"  {gmm}: {{type: gmm, components: {number}{delay}}}",
                    f"each looks like one of {number}",
                ),
            ]
        lines += ["", f"forward: [{' -> '.join(chain)}]", ""]
        return "\n".join(lines)

    def _sampling(self) -> str:
        lines = [
            "# How images are drawn: clean ones, rather than every variation there is. A position",
            "# takes its likeliest component (top: 1), with a fifth of its noise (divisor: 5).",
            "sampling:",
        ]
        lines += [f"  gmm{i}: {{top: 1, divisor: 5}}" for i in range(1, self.depth + 1)]
        return "\n".join([*lines, ""])

    def _train(self) -> str:
        return "\n".join(
            [
                "train:",
                _beside(f"  epochs: {self.epochs:g}", "times through the images; may be 0.5"),
                _beside(f"  batch_size: {BATCHES}", "images in a step"),
                _beside("  optimizer: {type: em}", "or sgd: gradient ascent, the paper's"),
                _beside("  seed: 0", "of every random draw"),
                "",
            ]
        )


def _section(name: str, keys: Mapping[str, Any]) -> list[str]:
    return [f"{name}:", *(f"  {key}: {_scalar(value)}" for key, value in keys.items())]


def _scalar(value: Any) -> str:
    """Return a value as YAML: text without quotes where nothing else can be meant."""
    if isinstance(value, str) and _PLAIN_TEXT.fullmatch(value) and value not in _YAML_WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _beside(line: str, comment: str) -> str:
    return f"{line:<{MARGIN}} # {comment}"


def _delay(below: int) -> float:
    return min(round(DELAY_STEP * below, 6), DELAY_MAX)


def _size(pair: tuple[int, int]) -> str:
    h, w = pair
    return str(h) if h == w else f"[{h}, {w}]"


def _short(pair: tuple[int, int]) -> str:
    h, w = pair
    return str(h) if h == w else f"{h}x{w}"
