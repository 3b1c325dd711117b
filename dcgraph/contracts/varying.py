"""Numbers that change from step to step, in work that is recorded once and then replayed.

A backend may record the work of a training step on its device and replay it; what Python computes
is then frozen. Numbers that change are `Varying` while a step is recorded, and are no floats: code
that would compute with one, and freeze the result, fails. It asks `derived` for what it needs of
the number, and `settled` for decisions; then every replay has numbers of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from dcgraph.backends.contract import Backend
from dcgraph.signal import Array

Numeric = Callable[..., Any]
"""A function of fixed arguments and, last, of a number; it is compared by identity."""


class Ledger(Protocol):
    """Where a recording notes what it needs anew in every replay."""

    def slot(self, name: str, function: Numeric, fixed: tuple[Any, ...], dtype: Any) -> Array:
        """Return the device array that holds ``function(*fixed, number)`` in every replay."""

    def decide(self, name: str, function: Numeric, fixed: tuple[Any, ...]) -> bool:
        """Return ``function(*fixed, number)``; replays with another answer are no replays."""


@dataclass(frozen=True, slots=True)
class Varying:
    """A number of the step that is being recorded, another one in every replay.

    Attributes
    ----------
    name : str
        Whose it is and which, ``gmm1.sigma``.
    ledger : Ledger
    """

    name: str
    ledger: Ledger


Number = float | Varying


def derived(ops: Backend, number: Number, function: Numeric, *fixed: Any, dtype: Any) -> Any:
    """Return ``function(*fixed, number)``: a float, or an array on the device.

    Parameters
    ----------
    function : callable
        Of a module; returns a float or a NumPy array.
    fixed : hashable
    """
    if isinstance(number, Varying):
        return number.ledger.slot(number.name, function, fixed, dtype)
    value = function(*fixed, number)
    return value if isinstance(value, float) else ops.asarray(value, dtype)


def settled(number: Number, function: Numeric, *fixed: Any) -> bool:
    """Return what ``function(*fixed, number)`` decides."""
    if isinstance(number, Varying):
        return number.ledger.decide(number.name, function, fixed)
    return bool(function(*fixed, number))
