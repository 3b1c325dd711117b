"""The backend object: one place where the kernels of this folder come together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import matmul
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import MixtureParameters, Record
from dcgraph.backends.numpy import draw, gmm, pool
from dcgraph.backends.numpy import fold as folding
from dcgraph.backends.numpy.scratch import Scratch
from dcgraph.rng import Draws, SampleStreams
from dcgraph.signal import Signal, SignalBlocks

# The largest size that glibc's malloc can be led to keep for the next array when it is freed.
KEPT_BYTES = 2**25 - 2**16


@dataclass(frozen=True)
class NumpyBackend:
    """NumPy and its BLAS.

    Attributes
    ----------
    threads : int
        Threads of the matrix products. Blocks are small: more than one seldom pays, and where
        other work keeps the processor busy they wait for each other.
    """

    threads: int = 1

    name: str = field(default="numpy", init=False)
    xp: Any = field(default=np, init=False, repr=False)
    scratch: Scratch = field(default_factory=Scratch, init=False, repr=False, compare=False)
    memory: int | None = field(default=None, init=False, repr=False, compare=False)
    record: Record | None = field(default=None, init=False, repr=False, compare=False)
    # filled by `extended`, in the place of a whole backend
    kernels: Mapping[str, Callable[..., Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    fusions: Mapping[tuple[str, ...], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        # An array of its own mapping, once freed, tells malloc to keep such sizes from then on:
        # else every step may have its memory from the system page by page, and give it back.
        np.empty(KEPT_BYTES, np.uint8)

    matmul = staticmethod(matmul)
    fold = staticmethod(folding.fold)
    fold_mean = staticmethod(folding.fold_mean)
    fold_adjoint = staticmethod(folding.fold_adjoint)
    pool_max = staticmethod(pool.pool_max)
    pool_spread = staticmethod(pool.pool_spread)
    pool_adjoint = staticmethod(pool.pool_adjoint)
    categorical = staticmethod(draw.categorical)

    def wait(self) -> None:
        """Return: work is done when a function returns."""

    def mixture_scores(self, signal: Signal, mixture: MixtureParameters) -> NDArray[Any]:
        return gmm.mixture_scores(signal, mixture, scratch=self.scratch)

    def mixture_observe(
        self,
        source: SignalBlocks,
        mixture: MixtureParameters,
        smoothing: NDArray[Any] | None,
        *,
        soft: bool,
        want: frozenset[str],
    ) -> dict[str, Any]:
        return gmm.mixture_observe(
            source, mixture, smoothing, soft=soft, want=want, scratch=self.scratch
        )

    def asarray(self, array: Any, dtype: Any = None) -> NDArray[Any]:
        return np.asarray(array, dtype)

    def to_host(self, array: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(array)

    def draws(self, seed: int, node: str, purpose: str, start: int, n: int) -> Draws:
        return SampleStreams(seed, node, purpose, start, n)

    @contextmanager
    def limited(self) -> Iterator[None]:
        from threadpoolctl import threadpool_limits

        # Whether numbers stay finite is looked at where they matter, and said in words.
        with (
            threadpool_limits(self.threads, user_api="blas"),
            np.errstate(over="ignore", invalid="ignore", divide="ignore"),
        ):
            yield
