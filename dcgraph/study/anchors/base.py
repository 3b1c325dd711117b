"""What an anchor is: a trivial method on the same images, which any model has to beat."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from dcgraph.spec import Positive, Spec

Rows = NDArray[np.float32]


class Anchor(Spec):
    """A method without a graph; its fields are keys of the study file.

    Attributes
    ----------
    type : str
        Its name in study files, and its row in the table.
    random : bool
        Whether a seed changes it.
    limit : int or None
        At most so many training images, drawn by the seed; None: all.
    """

    type: ClassVar[str]
    random: ClassVar[bool] = False

    limit: Positive | None = None

    @property
    def seeded(self) -> bool:
        """Whether it is worth running for several seeds."""
        return self.random or self.limit is not None

    def require(self) -> None:
        """Raise a RequestError where something that it needs is not installed."""
        return


class Answering(Anchor):
    """An anchor that scores images, or tells their labels.

    Attributes
    ----------
    of : {"scores", "predictions"}
        Whether it scores images (higher: more like the training images) or predicts their labels.
    """

    of: ClassVar[Literal["scores", "predictions"]]

    @abstractmethod
    def answer(self, train: Rows, labels: Any, test: Rows, *, seed: int) -> NDArray[Any]:
        """Return a score or a label for each test image, (m,).

        Parameters
        ----------
        train : array of shape (n, d)
        labels : integer array of shape (n,)
        test : array of shape (m, d)
        """


class Drawing(Anchor):
    """An anchor that has samples to show."""

    @abstractmethod
    def draw(
        self, train: NDArray[Any], test: NDArray[Any], n: int, *, seed: int
    ) -> NDArray[np.float32]:
        """Return at most n images, (n, h, w, c).

        Parameters
        ----------
        train : array of shape (m, h, w, c)
        test : array of shape (k, h, w, c)
        """
