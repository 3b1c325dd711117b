"""A layer with all that its methods need: inputs, parameters, draws, a graph around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.contract import Backend
from dcgraph.contracts.layer import WANTS, Layer, Observation, Params, TrainableLayer
from dcgraph.graph.graph import Graph
from dcgraph.graph.load import load_graph
from dcgraph.plugin.load import installed_plugins
from dcgraph.plugin.manager import Plugin, Plugins, load_plugins
from dcgraph.plugin.markers import hookimpl
from dcgraph.rng import Draws, stream
from dcgraph.signal import Array, Shape, Signal
from dcgraph.state import Arrays

NODE = "node"


@dataclass(frozen=True)
class Subject:
    """A layer under test.

    Attributes
    ----------
    layer : Layer
    shapes : tuple of (h, w, c)
        Of its inputs.
    ops : Backend
    classes : int
        Labels are drawn below it.
    """

    layer: Layer
    shapes: tuple[Shape, ...]
    ops: Backend
    classes: int = 2

    @property
    def output_shape(self) -> Shape:
        """(h, w, c) of the output, as the layer says."""
        return self.layer.output_shape(self.shapes)

    # arrays

    def values(self, n: int, dtype: Any, *, seed: int = 0) -> list[NDArray[Any]]:
        """Return host arrays of shape (n, h, w, c), one for each input, uniform on [0, 1)."""
        rng = np.random.default_rng(seed)
        return [rng.random((n, *shape)).astype(dtype) for shape in self.shapes]

    def inputs(
        self,
        values: Sequence[NDArray[Any]],
        known: Sequence[NDArray[np.bool_]] | None = None,
    ) -> list[Signal]:
        """Return signals on the device."""
        masks = [None] * len(values) if known is None else known
        return [
            Signal(self.ops.asarray(each), None if mask is None else self.ops.asarray(mask))
            for each, mask in zip(values, masks, strict=True)
        ]

    def parameters(self, dtype: Any, *, seed: int = 0) -> Arrays:
        """Return initial parameters, moved a little so that nothing is equal by accident."""
        rng = stream(seed, NODE, "init")
        fresh = self.layer.init(self.shapes, rng, np.dtype(dtype))
        moved = {
            name: array
            if name in self.layer.constants
            else (array * rng.uniform(0.7, 1.0, array.shape) + rng.uniform(0, 0.05, array.shape))
            for name, array in fresh.items()
        }
        params = {name: self.ops.asarray(array, dtype) for name, array in moved.items()}
        return self.learner.constrain(self.ops, params) if self.learns else params

    def draws(self, n: int, *, seed: int = 0, start: int = 0) -> Draws:
        """Return random numbers for n samples."""
        return self.ops.draws(seed, NODE, "test", start, n)

    def host(self, array: Array) -> NDArray[Any]:
        """Return an array on the host."""
        return self.ops.to_host(array)

    # what the layer does

    def output(self, n: int, dtype: Any) -> Signal:
        """Return control values: positive ones, in the shape of the output."""
        values = np.random.default_rng(4).uniform(0.1, 1.0, (n, *self.output_shape))
        return Signal(self.ops.asarray(values.astype(dtype)))

    def control(
        self, params: Params, above: Signal | None, n: int, *, start: int = 0
    ) -> Sequence[Signal | None]:
        """Return what goes down, for draws that begin at sample `start`."""
        rng = self.draws(n, start=start)
        sent = self.layer.control(self.ops, params, above, self.shapes, rng)
        assert len(sent) == len(self.shapes), "control returns one signal or None for each input"
        return sent

    @property
    def learns(self) -> bool:
        """Whether it is a trainable layer."""
        return isinstance(self.layer, TrainableLayer)

    @property
    def learner(self) -> TrainableLayer:
        """The layer, which learns."""
        assert isinstance(self.layer, TrainableLayer)  # asked after `learns`
        return self.layer

    def forward(self, params: Params, values: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return the values that go up, on the host."""
        return self.host(self.layer.forward(self.ops, params, self.inputs(values)).values)

    def observe(
        self,
        params: Params,
        values: Sequence[NDArray[Any]],
        labels: NDArray[np.int64] | None,
        *,
        want: frozenset[str] = WANTS,
    ) -> Observation:
        """Return the layer's observation of a batch, without smoothing."""
        return self.learner.observe(
            self.ops,
            params,
            self.inputs(values),
            labels=None if labels is None else self.ops.asarray(labels),
            sigma=0.0,
            want=want,
        )

    def labels(self, n: int) -> NDArray[np.int64] | None:
        """Return labels (n,) for a layer that uses them."""
        if not self.learner.uses_labels:
            return None
        return np.random.default_rng(7).integers(0, self.classes, n)

    # the graph around it

    def plugins(self) -> Plugins:
        """Return what is registered, this layer's type included."""
        kind = type(self.layer)
        registered = installed_plugins()
        if kind.type in registered.layers and registered.layers[kind.type] is kind:
            return registered

        @hookimpl
        def register_layers() -> list[type[Layer]]:
            return [kind]

        content = ModuleType("conformance")
        content.register_layers = register_layers  # type: ignore[attr-defined]
        return load_plugins([Plugin("conformance", "the layer under test", None, "test", content)])

    def graph(self, plugins: Plugins, *, dtype: str = "float64") -> Graph:
        """Return a graph of inputs and this layer."""
        names = [f"image{index}" for index in range(len(self.shapes))]
        nodes: dict[str, Any] = {
            name: {"type": "input", "shape": list(shape)}
            for name, shape in zip(names, self.shapes, strict=True)
        }
        nodes[NODE] = {
            "type": self.layer.type,
            **self.layer.model_dump(mode="json", by_alias=True),
        }
        document: dict[str, Any] = {
            "name": "conformance",
            "nodes": nodes,
            "forward": [f"{name} -> {NODE}" for name in names],
            "train": {"dtype": dtype},
        }
        sampling = self.layer.sampling.model_dump(mode="json", by_alias=True)
        if sampling:
            document["sampling"] = {NODE: sampling}
        return load_graph(document, plugins=plugins)
