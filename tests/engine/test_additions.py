"""Kernels and fusions of plugins: layers find them, and the engine uses what fits."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

import numpy as np
import pytest

from dcgraph.api import Fusion, Kernel, Layer, Observation, Signal, hookimpl
from dcgraph.backends.numpy.backend import NumpyBackend
from dcgraph.backends.select import make_backend
from dcgraph.data.dataset import dataset_from_arrays
from dcgraph.errors import RunError
from dcgraph.graph.load import load_graph
from dcgraph.model import Model
from dcgraph.plugin.manager import Plugin, load_plugins
from dcgraph.training.run import run


class Doubling(Layer):
    """Has a kernel of its own, and does without where a backend lacks it."""

    type: ClassVar[str] = "doubling"

    def output_shape(self, shapes):
        return shapes[0]

    def forward(self, ops, params, inputs):
        kernel = ops.kernels.get("double", lambda x: x * 2)
        return Signal(kernel(inputs[0].values))

    def control(self, ops, params, signal, shapes, rng):
        return (None if signal is None else Signal(signal.values / 2),)

    def input_gradient(self, ops, params, inputs, grad):
        return (grad * 2,)


class Trembling(Doubling):
    type: ClassVar[str] = "trembling"
    noisy: ClassVar[bool] = True


def plugins_with(*, kernels=(), fusions=()):
    module = ModuleType("adding")

    @hookimpl
    def register_layers():
        return [Doubling, Trembling]

    @hookimpl
    def register_kernels():
        return list(kernels)

    @hookimpl
    def register_fusions():
        return list(fusions)

    for hook in (register_layers, register_kernels, register_fusions):
        setattr(module, hook.__name__, hook)
    return load_plugins([Plugin("adding", "adding", None, "a test", module)])


def graph_with(plugins, kind="doubling"):
    document = {
        "name": "adding",
        "nodes": {
            "image": {"type": "input", "shape": [4, 4, 1]},
            "fold": {"type": "folding", "kernel": 2},
            "node": {"type": kind},
            "gmm": {"type": "gmm", "components": 4},
        },
        "forward": ["image -> fold -> node -> gmm"],
        "train": {"batch_size": 10},
    }
    return load_graph(document, plugins=plugins)


def trained(plugins, images, kind="doubling"):
    graph = graph_with(plugins, kind)
    data = dataset_from_arrays(images, None, (4, 4, 1))
    return Model(run(graph, data, plugins=plugins))


@pytest.fixture
def images(rng):
    return rng.random((30, 4, 4, 1)).astype("f4")


def test_a_layer_finds_its_kernel(images):
    calls = []

    def double(x):
        calls.append(x.shape)
        return x + x

    fast = trained(plugins_with(kernels=[Kernel("numpy", "double", double)]), images)
    plain = trained(plugins_with(), images)
    assert calls
    np.testing.assert_array_equal(fast.log_likelihood(images), plain.log_likelihood(images))


def test_a_kernel_of_another_backend_is_left_out():
    additions = plugins_with(kernels=[Kernel("cupy", "double", abs)]).additions
    assert make_backend("numpy", additions=additions) == NumpyBackend()


def test_a_backend_s_own_function_is_replaced_for_everyone(images):
    calls = []
    own = NumpyBackend()

    def fold(x, kernel, stride):
        calls.append(x.shape)
        return own.fold(x, kernel, stride)

    replaced = trained(plugins_with(kernels=[Kernel("numpy", "fold", fold, replaces=True)]), images)
    assert calls
    np.testing.assert_array_equal(
        replaced.log_likelihood(images), trained(plugins_with(), images).log_likelihood(images)
    )


class Fused:
    """Folds the doubling into the mixture's parameters; declines what it does not cover."""

    def __init__(self, *, covers=True):
        self.covers = covers
        self.patterns = []

    def __call__(self, ops, layers, params, inputs, *, labels, sigma, want):
        self.patterns.append(tuple(layer.type for layer in layers))
        if not self.covers:
            return None
        mixture = layers[-1]
        (source,) = inputs
        for layer in layers[:-1]:
            whole = source.block(0, source.shape[0])
            source = layer.forward(ops, {}, [whole])
        seen = mixture.observe(ops, params[-1], [source], labels=labels, sigma=sigma, want=want)
        assert isinstance(seen, Observation)
        return seen


def test_the_longest_fusion_that_covers_a_case_is_used(images):
    short, long, declining = Fused(), Fused(), Fused(covers=False)
    fusions = [
        Fusion("numpy", ("doubling", "gmm"), short),
        Fusion("numpy", ("folding", "doubling", "gmm"), long),
    ]
    expected = trained(plugins_with(), images).log_likelihood(images)
    model = trained(plugins_with(fusions=fusions), images)
    np.testing.assert_allclose(model.log_likelihood(images), expected, rtol=1e-5)
    assert set(long.patterns) == {("folding", "doubling", "gmm")}
    assert not short.patterns
    fusions[1] = Fusion("numpy", ("folding", "doubling", "gmm"), declining)
    model = trained(plugins_with(fusions=fusions), images)
    np.testing.assert_allclose(model.log_likelihood(images), expected, rtol=1e-5)
    assert len(short.patterns) == len(declining.patterns) > 0


def test_what_draws_at_random_is_not_fused_in_training(images):
    fused = Fused()
    fusions = [Fusion("numpy", ("trembling", "gmm"), fused)]
    model = trained(plugins_with(fusions=fusions), images, "trembling")
    before = len(fused.patterns)  # at the end of the run, images are scored
    model.log_likelihood(images)
    assert len(fused.patterns) > before


def test_a_layer_that_fails_is_named_with_its_node(images):
    def breaks(x):
        return x[:, 99]

    plugins = plugins_with(kernels=[Kernel("numpy", "double", breaks)])
    told = r"node 'node': layer 'doubling' failed in a forward step: IndexError: .*99"
    with pytest.raises(RunError, match=told):
        trained(plugins, images)
