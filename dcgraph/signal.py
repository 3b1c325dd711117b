"""What travels along an edge: values, and which of them are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

Array = Any  # a NumPy or CuPy array; layers never know which
Shape = tuple[int, int, int]  # (h, w, c) of one sample


@dataclass(frozen=True, slots=True)
class Signal:
    """Values on an edge, for n samples.

    Attributes
    ----------
    values : array of shape (n, h, w, c)
        Activities (upward) or control values (downward). Where `known` is false they carry no
        meaning, but they are finite.
    known : boolean array that broadcasts to `values`, or None
        Upward: "this was observed"; downward: "there is a signal here". None: everything is.
    """

    values: Array
    known: Array | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, h, w, c)."""
        n, h, w, c = self.values.shape
        return n, h, w, c

    def block(self, start: int, stop: int) -> Signal:
        """Return samples ``start:stop``, as a view."""
        known = self.known
        if known is not None and known.shape[0] != 1:
            known = known[start:stop]
        return Signal(self.values[start:stop], known)


class SignalBlocks(Protocol):
    """A signal that can be had a block of samples at a time.

    A `Signal` is one; so is a chain of transformations that the engine evaluates block by block,
    so that what it produces stays in the processor's cache.
    """

    @property
    def shape(self) -> tuple[int, int, int, int]: ...

    def block(self, start: int, stop: int) -> Signal: ...
