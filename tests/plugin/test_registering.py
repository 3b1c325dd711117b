"""What plugins register is held against what is asked of it, at once."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

import pytest

from dcgraph.api import Fusion, Kernel, Layer, Metric, Optimizer, Source, hookimpl
from dcgraph.errors import PluginError
from dcgraph.layers import Concat, Folding
from dcgraph.plugin.manager import Plugin, load_plugins


def register(kind, items, name="mine"):
    module = ModuleType(name)

    def hook():
        return items() if callable(items) else items

    hook.__name__ = f"register_{kind}"
    setattr(module, hook.__name__, hookimpl(hook))
    return load_plugins([Plugin(name, name, None, "a test", module)])


class Whole(Concat):
    type: ClassVar[str] = "whole"


class Half(Layer):
    type: ClassVar[str] = "half"


class Merging(Folding):
    type: ClassVar[str] = "merging"

    merge: int = 1


class WrongSampling(Folding):
    type: ClassVar[str] = "wrong_sampling"

    sampling: int = 1


class NoNeed(Optimizer):
    type: ClassVar[str] = "no_need"

    def step(self, ops, layer, params, statistics, state, clock):
        return params, state


class NoInfo(Source):
    type: ClassVar[str] = "no_info"

    def load(self, split, directory):
        raise NotImplementedError


class Nameless(Concat):
    type: ClassVar[str] = ""


def function(*arguments):
    return None


def test_a_subclass_of_a_built_in_will_do():
    assert register("layers", [Whole]).layers["whole"] is Whole


@pytest.mark.parametrize(
    ("kind", "items", "told"),
    [
        ("layers", None, "must return a list from register_layers, received None"),
        ("layers", [Half], "Half lacks control, forward, input_gradient, output_shape"),
        ("layers", [Whole()], r"expected a subclass of Layer, received Whole\("),
        ("layers", [Metric], "expected a subclass of Layer"),
        ("layers", [Merging], "may not have the field 'merge'"),
        ("layers", [WrongSampling], "'sampling' of class WrongSampling"),
        ("layers", [Nameless], "non-empty string `type`"),
        ("layers", [Folding], r"'mine' registers layer type 'folding'.*'dcgraph\.layers'"),
        ("layers", [Whole, Whole], r"'mine' registers layer type 'whole'.*'mine'"),
        ("optimizers", [NoNeed], r"`needs` .* 'gradients' or 'maximize'"),
        ("sources", [NoInfo], "SourceInfo"),
        ("metrics", [function], "expected a Metric"),
        ("observers", [Half], "expected a subclass of Observer"),
        ("kernels", [Kernel("cuda", "f", function)], "no backend 'cuda'.*numpy, cupy"),
        ("kernels", [Kernel("numpy", "fold", function)], "say replaces=True"),
        (
            "kernels",
            [Kernel("numpy", "flod", function, replaces=True)],
            "'flod' to replace; did you mean 'fold'",
        ),
        ("kernels", [Kernel("numpy", "a b", function)], "identifier"),
        ("kernels", [Kernel("numpy", "f", function)] * 2, r"kernel 'numpy\.f'"),
        ("fusions", [Fusion("numpy", ("gmm",), function)], "at least two node types"),
        ("fusions", [Fusion("numpy", "gmm", function)], "tuple of at least two node types"),
    ],
)
def test_what_is_wrong_is_told_with_the_plugin(kind, items, told):
    with pytest.raises(PluginError, match=told) as caught:
        register(kind, items)
    assert "'mine'" in str(caught.value)


@pytest.mark.parametrize("error", [ZeroDivisionError("oh"), SystemExit(0)])
def test_a_hook_that_fails_is_named(error):
    def fails():
        raise error

    with pytest.raises(
        PluginError, match=f"'mine' failed in register_layers: {type(error).__name__}"
    ):
        register("layers", fails)


def test_a_misspelt_hook_gets_the_nearest_one():
    with pytest.raises(
        PluginError, match=r"'mine'.*'register_layer'; did you mean 'register_layers'"
    ):
        register("layer", [Whole])


def test_a_hook_with_arguments_it_is_not_given():
    module = ModuleType("mine")

    @hookimpl
    def register_layers(what):
        return []

    module.register_layers = register_layers
    with pytest.raises(PluginError, match=r"'mine' implements a hook wrongly: .*what"):
        load_plugins([Plugin("mine", "mine", None, "a test", module)])


def test_a_class_in_place_of_an_instance():
    class Bundle:
        @hookimpl
        def register_layers(self):
            return [Whole]

    with pytest.raises(PluginError, match="'mine' must be a module, or an instance"):
        load_plugins([Plugin("mine", "mine", None, "a test", Bundle)])
    plugins = load_plugins([Plugin("mine", "mine", None, "a test", Bundle())])
    assert plugins.layers.owner("whole") == "mine"
