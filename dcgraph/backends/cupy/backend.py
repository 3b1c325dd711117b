"""The backend object: one place where the kernels of this folder come together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from numpy.typing import NDArray

from dcgraph.backends.contract import MixtureParameters, Pair, Record
from dcgraph.backends.cupy import draw, gmm, pool, update
from dcgraph.backends.cupy import fold as folding
from dcgraph.backends.cupy.device import Device
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal, SignalBlocks


@dataclass(frozen=True)
class CupyBackend:
    """CuPy, and the kernels of this folder.

    Attributes
    ----------
    device : Device
        Where arrays live and kernels run.
    """

    device: Device

    name: str = field(default="cupy", init=False)
    fusions: Mapping[tuple[str, ...], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def xp(self) -> Any:
        return self.device.xp

    @property
    def memory(self) -> int:
        return self.device.memory

    @property
    def kernels(self) -> Mapping[str, Callable[..., Any]]:
        return {
            "mixture_observe_patches": partial(gmm.mixture_observe_patches, self.device),
            "mixture_pack": partial(update.mixture_pack, self.device),
            "mixture_maximize": partial(update.mixture_maximize, self.device),
            "running_mean": partial(update.running_mean, self.device),
        }

    @property
    def record(self) -> Record:
        return self.device.record

    def asarray(self, array: Any, dtype: Any = None) -> Array:
        return self.xp.asarray(array, dtype)

    def to_host(self, array: Array) -> NDArray[Any]:
        host: NDArray[Any] = self.xp.asnumpy(array)
        return host

    def wait(self) -> None:
        self.device.wait()

    def draws(self, seed: int, node: str, purpose: str, start: int, n: int) -> Draws:
        return draw.DeviceStreams(self.device, seed, node, purpose, start, n)

    def limited(self) -> AbstractContextManager[Any]:
        return self.device.current()

    def matmul(self, a: Array, b: Array) -> Array:
        return self.device.matmul(a, b)

    def fold(self, x: Array, kernel: Pair, stride: Pair) -> Array:
        return folding.fold(self.device, x, kernel, stride)

    def fold_mean(
        self, patches: Array, known: Array | None, shape: Shape, kernel: Pair, stride: Pair
    ) -> tuple[Array, Array | None]:
        return folding.fold_mean(self.device, patches, known, shape, kernel, stride)

    def fold_adjoint(self, patches: Array, shape: Shape, kernel: Pair, stride: Pair) -> Array:
        return folding.fold_adjoint(self.device, patches, shape, kernel, stride)

    def pool_max(self, x: Array, kernel: Pair, stride: Pair, size: Pair) -> Array:
        return pool.pool_max(self.device, x, kernel, stride, size)

    def pool_spread(
        self,
        y: Array,
        known: Array | None,
        choice: Array | None,
        shape: Shape,
        kernel: Pair,
        stride: Pair,
    ) -> tuple[Array, Array | None]:
        return pool.pool_spread(self.device, y, known, choice, shape, kernel, stride)

    def pool_adjoint(self, x: Array, grad: Array, kernel: Pair, stride: Pair, size: Pair) -> Array:
        return pool.pool_adjoint(self.device, x, grad, kernel, stride, size)

    def mixture_scores(self, signal: Signal, mixture: MixtureParameters) -> Array:
        return gmm.mixture_scores(self.device, signal, mixture)

    def mixture_observe(
        self,
        source: SignalBlocks,
        mixture: MixtureParameters,
        smoothing: Array | None,
        *,
        soft: bool,
        want: frozenset[str],
    ) -> dict[str, Any]:
        return gmm.mixture_observe(self.device, source, mixture, smoothing, soft=soft, want=want)

    def categorical(self, weights: Array, uniform: Array) -> Array:
        return draw.categorical(self.device, weights, uniform)
