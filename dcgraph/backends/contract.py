"""What a backend gives to layers: an array namespace, and the kernels worth writing by hand.

A backend object is made for a run and handed around as `ops`. Every backend has the same files with
functions of the same names; NumPy's are the ones others are held against.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, SignalBlocks

Pair = tuple[int, int]


class MixtureParameters(Protocol):
    """A Gaussian mixture's parameters, packed for the score product; see `layers.gmm.density`."""

    matrix: Array
    bias: Array
    offset: float
    log_weights: Array


class Backend(Protocol):
    """An array library and its kernels.

    Attributes
    ----------
    name : str
        "numpy" or "cupy".
    xp : module
        The array namespace; NumPy and CuPy share it.
    """

    name: str
    xp: Any

    def asarray(self, array: Any, dtype: Any = None) -> Array:
        """Return the array on this backend's device."""

    def to_host(self, array: Array) -> NDArray[Any]:
        """Return the array as a NumPy array; waits for the device."""

    def draws(self, seed: int, node: str, purpose: str, start: int, n: int) -> Draws:
        """Return random numbers for samples ``start`` to ``start + n``."""

    def threads(self, number: int | None) -> Any:
        """Return a context in which at most so many processor threads compute."""

    # fold: (n, h, w, c) <-> (n, h', w', fh*fw*c)
    def fold(self, x: Array, kernel: Pair, stride: Pair) -> Array: ...
    def fold_mean(
        self, patches: Array, known: Array | None, shape: Shape, kernel: Pair, stride: Pair
    ) -> tuple[Array, Array | None]: ...
    def fold_adjoint(self, patches: Array, shape: Shape, kernel: Pair, stride: Pair) -> Array: ...

    # pool: (n, h, w, c) <-> (n, h', w', c); `size` is (h', w'), larger than whole windows in ceil mode
    def pool_max(self, x: Array, kernel: Pair, stride: Pair, size: Pair) -> Array: ...
    def pool_spread(
        self, y: Array, known: Array | None, shape: Shape, kernel: Pair, stride: Pair
    ) -> tuple[Array, Array | None]: ...
    def pool_adjoint(
        self, x: Array, grad: Array, kernel: Pair, stride: Pair, size: Pair
    ) -> Array: ...

    # gmm
    def mixture_observe(
        self,
        source: SignalBlocks,
        mixture: MixtureParameters,
        smoothing: Array | None,
        *,
        soft: bool,
        want: frozenset[str],
        fill: Callable[[], tuple[Array, Array]],
    ) -> dict[str, Array]: ...

    # draw
    def categorical(self, weights: Array, uniform: Array) -> Array: ...
