"""What a recorded step needs anew in every replay: numbers, and what is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import Backend
from dcgraph.contracts.varying import Numeric
from dcgraph.signal import Array

Question = tuple[str, Numeric, tuple[Any, ...]]
BANK = 64  # numbers that are sent to the device together


@dataclass
class Bank:
    """Numbers of one type, which go to the device in one piece.

    Attributes
    ----------
    there : array of shape (BANK,)
    here : NumPy array of the same shape
    questions : list
        Whose answers they are.
    """

    there: Array
    here: NDArray[Any]
    questions: list[Question] = field(default_factory=list)

    def fill(self, ops: Backend, numbers: Mapping[str, float]) -> None:
        """Send the answers for these numbers, if they are others than before."""
        before = self.here.copy()
        for place, question in enumerate(self.questions):
            self.here[place] = answer(question, numbers)
        if not np.array_equal(before, self.here):
            ops.xp.copyto(self.there, ops.asarray(self.here))


@dataclass
class Held:
    """An array that is sent by itself.

    Attributes
    ----------
    there : array
    question : Question
    sent_for : float
        The number it was last made of.
    """

    there: Array
    question: Question
    sent_for: float

    def fill(self, ops: Backend, numbers: Mapping[str, float]) -> None:
        """Send the answer for these numbers, if it is another than before."""
        number = numbers[self.question[0]]
        if number != self.sent_for:
            ops.xp.copyto(self.there, ops.asarray(answer(self.question, numbers), self.there.dtype))
            self.sent_for = number


@dataclass
class StepLedger:
    """The ledger of one recording; see `dcgraph.contracts.varying`.

    It is drawn up while the step is executed, before it is recorded: memory that is taken during a
    recording has other uses in the same step, and cannot be filled in before it.

    Attributes
    ----------
    numbers : mapping of str to float
        Those of the step.
    slots : dict
        Arrays on the device, by what they answer and their type.
    decisions : dict of Question to bool
        By what the step goes.
    closed : bool
        The step is being recorded: it may ask for nothing that it has not asked for before.
    """

    ops: Backend
    numbers: Mapping[str, float]
    slots: dict[tuple[Question, str], Array] = field(default_factory=dict)
    decisions: dict[Question, bool] = field(default_factory=dict)
    closed: bool = False
    _banks: dict[str, list[Bank]] = field(default_factory=dict)
    _held: list[Held] = field(default_factory=list)

    def slot(self, name: str, function: Numeric, fixed: tuple[Any, ...], dtype: Any) -> Array:
        question = (name, function, fixed)
        key = (question, np.dtype(dtype).name)
        if key not in self.slots:
            self._check_open(name)
            value = answer(question, self.numbers)
            scalar = isinstance(value, float)
            self.slots[key] = self._number(question, dtype) if scalar else self._array(key, value)
        return self.slots[key]

    def decide(self, name: str, function: Numeric, fixed: tuple[Any, ...]) -> bool:
        question = (name, function, fixed)
        if question not in self.decisions:
            self._check_open(name)
            self.decisions[question] = bool(answer(question, self.numbers))
        return self.decisions[question]

    def _check_open(self, name: str) -> None:
        if self.closed:
            message = f"a step that is recorded asks more of '{name}' than when it was executed"
            raise RuntimeError(message)

    def covers(self, numbers: Mapping[str, float]) -> bool:
        """Return whether a step with these numbers goes the same ways."""
        return all(
            bool(answer(question, numbers)) == decision
            for question, decision in self.decisions.items()
        )

    def fill(self, numbers: Mapping[str, float]) -> None:
        """Make the slots hold what a step with these numbers needs."""
        for banks in self._banks.values():
            for bank in banks:
                bank.fill(self.ops, numbers)
        for held in self._held:
            held.fill(self.ops, numbers)

    def _number(self, question: Question, dtype: Any) -> Array:
        banks = self._banks.setdefault(np.dtype(dtype).name, [])
        if not banks or len(banks[-1].questions) == BANK:
            nothing = np.full(BANK, np.nan, dtype)
            banks.append(Bank(self.ops.xp.empty((BANK,), dtype), nothing))
        bank, place = banks[-1], len(banks[-1].questions)
        bank.questions.append(question)
        bank.fill(self.ops, self.numbers)
        view: Array = bank.there[place : place + 1].reshape(())
        return view

    def _array(self, key: tuple[Question, str], value: NDArray[Any]) -> Array:
        question, dtype = key
        there: Array = self.ops.asarray(value, dtype)
        self._held.append(Held(there, question, self.numbers[question[0]]))
        return there


def answer(question: Question, numbers: Mapping[str, float]) -> Any:
    """Return what a function makes of a number."""
    name, function, fixed = question
    return function(*fixed, numbers[name])
