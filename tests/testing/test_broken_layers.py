"""The kit finds what it is for: each broken layer fails the test that is named beside it."""

from __future__ import annotations

from dataclasses import replace
from inspect import signature
from typing import ClassVar

import numpy as np
import pytest

from dcgraph.backends.numpy.backend import NumpyBackend
from dcgraph.contracts.layer import Cost
from dcgraph.layers import Folding, GaussianMixture
from dcgraph.signal import Signal
from dcgraph.state import Statistics
from dcgraph.testing import LayerConformance
from dcgraph.testing.subject import Subject


class Broken(Folding):
    type: ClassVar[str] = "broken"


class WrongShape(Broken):
    def output_shape(self, shapes):
        h, w, c = super().output_shape(shapes)
        return w, h, c


class WrongDtype(Broken):
    def forward(self, ops, params, inputs):
        signal = super().forward(ops, params, inputs)
        return Signal(signal.values.astype(np.float64), signal.known)


class InPlace(Broken):
    def forward(self, ops, params, inputs):
        inputs[0].values[...] *= 2
        return super().forward(ops, params, inputs)


class BatchNormal(Broken):
    def forward(self, ops, params, inputs):
        signal = super().forward(ops, params, inputs)
        return Signal(signal.values - signal.values.mean(axis=0), signal.known)


class Maskless(Broken):
    def forward(self, ops, params, inputs):
        return super().forward(ops, params, [Signal(each.values) for each in inputs])


class SecretlyNoisy(Broken):
    def forward_training(self, ops, params, inputs, rng):
        signal = self.forward(ops, params, inputs)
        return Signal(signal.values + rng.normal(*signal.shape[1:], dtype=signal.values.dtype))


class Unrepeatable(SecretlyNoisy):
    noisy: ClassVar[bool] = True

    def forward_training(self, ops, params, inputs, rng):
        signal = self.forward(ops, params, inputs)
        return Signal(signal.values + np.random.default_rng().random())


class WrongGradient(Broken):
    def input_gradient(self, ops, params, inputs, grad):
        return tuple(2 * each for each in super().input_gradient(ops, params, inputs, grad))


class NoControl(Broken):
    def control(self, ops, params, signal, shapes, rng):
        return ()


class WrongControl(Broken):
    def control(self, ops, params, signal, shapes, rng):
        sent = super().control(ops, params, signal, shapes, rng)
        return [each and Signal(each.values + 1, each.known) for each in sent]


class InfiniteControl(Broken):
    def control(self, ops, params, signal, shapes, rng):
        sent = super().control(ops, params, signal, shapes, rng)
        with np.errstate(divide="ignore"):
            return [each and Signal(1 / (0 * each.values), each.known) for each in sent]


class Costless(Broken):
    def cost(self, shapes):
        return Cost(-1.0, 0.0)


class Mixture(GaussianMixture):
    type: ClassVar[str] = "broken_mixture"


class Averages(Mixture):
    def observe(self, ops, params, inputs, **options):
        seen = super().observe(ops, params, inputs, **options)
        if seen.statistics is None:
            return seen
        count = seen.statistics.count
        sums = {name: array / count for name, array in seen.statistics.sums.items()}
        return replace(seen, statistics=Statistics(sums, count))


class Descends(Mixture):
    def gradients(self, ops, params, statistics, *, sigma):
        found = super().gradients(ops, params, statistics, sigma=sigma)
        return {name: -array for name, array in found.items()}


class Forgets(Mixture):
    def maximize(self, ops, params, statistics, *, sigma):
        better = super().maximize(ops, params, statistics, sigma=sigma)
        return {**better, "means": 5 + better["means"]}


class Unannounced(Mixture):
    def parameter_shapes(self, shapes):
        return {**super().parameter_shapes(shapes), "more": (2,)}


FOLDING, MIXTURE = {"kernel": 2}, {"components": 4}
ONE = {"n": 1, "dtype": "float64"}


@pytest.mark.parametrize(
    ("kind", "test", "options"),
    [
        (WrongShape, "test_the_output_has_the_shape_and_dtype", ONE),
        (WrongDtype, "test_the_output_has_the_shape_and_dtype", {"n": 1, "dtype": "float32"}),
        (InPlace, "test_forward_leaves_its_inputs_alone", {}),
        (BatchNormal, "test_samples_do_not_depend_on_each_other", {}),
        (Maskless, "test_what_is_unknown_has_no_influence", {}),
        (SecretlyNoisy, "test_training_draws_repeat", {"dtype": "float64"}),
        (Unrepeatable, "test_training_draws_repeat", {"dtype": "float64"}),
        (WrongGradient, "test_the_gradient_is_that_of_forward", {}),
        (NoControl, "test_control_carries_masks", {}),
        (WrongControl, "test_forward_and_control_agree", {}),
        (
            InfiniteControl,
            "test_control_returns_a_signal_for_each_input",
            ONE,
        ),
        (Costless, "test_costs_and_coverage_are_numbers", {}),
        (Averages, "test_statistics_add", {}),
        (Averages, "test_gradients_are_those_of_the_loss", {}),
        (Descends, "test_gradients_are_those_of_the_loss", {}),
        (Forgets, "test_maximizing_raises_the_loss", {}),
        (Unannounced, "test_initial_parameters_are_as_announced", {"dtype": "float64"}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_broken_layer_fails(kind, test, options):
    learns = issubclass(kind, GaussianMixture)

    class Kit(LayerConformance):
        layer = kind(**(MIXTURE if learns else FOLDING))
        undoes = None if learns else "control"

    method = getattr(Kit(), test)
    takes = next(iter(signature(method).parameters))  # subject or learner
    subject = Subject(Kit.layer, ((3, 2, 3),), NumpyBackend())
    with pytest.raises(AssertionError):
        method(**{takes: subject}, **options)
