"""The backend object: one place where the kernels of this folder come together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.numpy import draw, gmm, pool
from dcgraph.backends.numpy import fold as folding
from dcgraph.rng import Draws, SampleStreams


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
    # filled by `extended`, in the place of a whole backend
    kernels: Mapping[str, Callable[..., Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    fusions: Mapping[tuple[str, ...], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    fold = staticmethod(folding.fold)
    fold_mean = staticmethod(folding.fold_mean)
    fold_adjoint = staticmethod(folding.fold_adjoint)
    pool_max = staticmethod(pool.pool_max)
    pool_spread = staticmethod(pool.pool_spread)
    pool_adjoint = staticmethod(pool.pool_adjoint)
    mixture_scores = staticmethod(gmm.mixture_scores)
    mixture_observe = staticmethod(gmm.mixture_observe)
    categorical = staticmethod(draw.categorical)

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
