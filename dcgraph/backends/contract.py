"""What a backend gives to layers: an array namespace, and the kernels worth writing by hand.

A backend object is made for a run and handed around as `ops`. Every backend has the same files with
functions of the same names; NumPy's are the ones others are held against.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from numpy.typing import NDArray

from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal, SignalBlocks

Pair = tuple[int, int]
KERNELS = (
    "fold",
    "fold_mean",
    "fold_adjoint",
    "pool_max",
    "pool_spread",
    "pool_adjoint",
    "mixture_scores",
    "mixture_observe",
    "categorical",
)
"""The functions of a backend that a plugin may replace."""
BACKENDS = ("numpy", "cupy")


class MixtureParameters(Protocol):
    """A Gaussian mixture's parameters, packed for the score product; see `layers.gmm.density`."""

    @property
    def matrix(self) -> Array: ...
    @property
    def bias(self) -> Array: ...
    @property
    def log_weights(self) -> Array: ...
    @property
    def offset(self) -> Any: ...  # a number, or an array without axes
    @property
    def dimension_bias(self) -> Array: ...
    @property
    def centred_means(self) -> Array: ...
    @property
    def variances(self) -> Array: ...

    def of_sets(self, chosen: slice) -> MixtureParameters:
        """Return some of the parameter sets."""


class Recording(Protocol):
    """Work on the device that can be done again, on the same arrays."""

    def replay(self) -> None:
        """Start the work again; nothing is waited for."""


Record = Callable[[Callable[[], Any]], tuple[Any, Recording]]
"""Records work, which has been done once before; returns what the work returns. That holds numbers
after a replay, not before."""


class Backend(Protocol):
    """An array library and its kernels.

    Attributes
    ----------
    name : str
        "numpy" or "cupy".
    xp : module
        The array namespace; NumPy and CuPy share it.
    kernels : mapping of str to callable
        What plugins have added, by name; a layer that finds nothing under a name does without.
    fusions : mapping of tuple of str to callable
        By the node types that it observes in one go; see `dcgraph.contracts.kernel`.
    memory : int or None
        Bytes of a device with a memory of its own, which works while the host goes on; None: arrays
        live in the machine's.
    record : Record or None
        None: a backend has nothing to gain from replays.
    """

    @property
    def name(self) -> str: ...
    @property
    def xp(self) -> Any: ...
    @property
    def kernels(self) -> Mapping[str, Callable[..., Any]]: ...
    @property
    def fusions(self) -> Mapping[tuple[str, ...], Any]: ...
    @property
    def memory(self) -> int | None: ...
    @property
    def record(self) -> Record | None: ...

    def asarray(self, array: Any, dtype: Any = None) -> Array:
        """Return the array on this backend's device."""

    def to_host(self, array: Array) -> NDArray[Any]:
        """Return the array as a NumPy array; waits for the device."""

    def wait(self) -> None:
        """Wait until the device has done all work."""

    def draws(self, seed: int, node: str, purpose: str, start: int, n: int) -> Draws:
        """Return random numbers for samples ``start`` to ``start + n``."""

    def limited(self) -> AbstractContextManager[Any]:
        """Return a context in which this backend keeps to its number of processor threads."""

    def matmul(self, a: Array, b: Array) -> Array:
        """Return ``a @ b`` of matrices or stacks of them, in a way that can be recorded."""

    # fold: (n, h, w, c) <-> (n, h', w', fh*fw*c)

    def fold(self, x: Array, kernel: Pair, stride: Pair) -> Array:
        """Return patches laid into channels, ``(i*fw + j)*c + k``."""

    def fold_mean(
        self, patches: Array, known: Array | None, shape: Shape, kernel: Pair, stride: Pair
    ) -> tuple[Array, Array | None]:
        """Return, for each position, the mean of the known patch entries read from it."""

    def fold_adjoint(self, patches: Array, shape: Shape, kernel: Pair, stride: Pair) -> Array:
        """Return, for each position, the sum of the patch entries read from it."""

    # pool: (n, h, w, c) <-> (n, h', w', c); `size` is (h', w'), windows may stick out

    def pool_max(self, x: Array, kernel: Pair, stride: Pair, size: Pair) -> Array:
        """Return the largest value in each window."""

    def pool_spread(
        self,
        y: Array,
        known: Array | None,
        choice: Array | None,
        shape: Shape,
        kernel: Pair,
        stride: Pair,
    ) -> tuple[Array, Array | None]:
        """Return, for each position, the mean over the windows that put a value there.

        With `choice` (n, h', w'), a window's value goes to that flat kernel index alone.
        """

    def pool_adjoint(self, x: Array, grad: Array, kernel: Pair, stride: Pair, size: Pair) -> Array:
        """Return the gradient at x: each window's goes to its (first) largest value."""

    # gmm

    def mixture_scores(self, signal: Signal, mixture: MixtureParameters) -> Array:
        """Return scores of known dimensions, (n, h, w, K), without ``-d/2 log 2 pi``."""

    def mixture_observe(
        self,
        source: SignalBlocks,
        mixture: MixtureParameters,
        smoothing: Array | None,
        *,
        soft: bool,
        want: frozenset[str],
    ) -> dict[str, Any]:
        """Return what is wanted of a batch, in one pass over it.

        Parameters
        ----------
        smoothing : array of shape (K, K) or None
            M; row k holds the weights of the scores that component k is smoothed over.
        soft : bool
            Assignments are the softmax of smoothed scores, not one-hot at their largest.
        want : subset of {"output", "log_likelihood", "max_component", "loss", "statistics"}

        Returns
        -------
        dict
            "output" (n, h, w, K); "known" (n, h, w, 1), where the input has a mask;
            "log_likelihood", "max_component", "loss" (n, h, w), in nats; "S0" (P, K), "S1",
            "S2" (P, K, d), about the offset; "count", rows that fed each parameter set.
        """

    # draw

    def categorical(self, weights: Array, uniform: Array) -> Array:
        """Return an index along the last axis, drawn in proportion to the weights."""
