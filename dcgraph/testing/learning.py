"""What the kit asks of parameters, of layers that learn, and of model files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dcgraph.contracts.layer import WANTS
from dcgraph.rng import stream
from dcgraph.state import Statistics
from dcgraph.storage.read import read_model
from dcgraph.storage.write import write_model
from dcgraph.testing.differences import assert_gradient
from dcgraph.testing.subject import NODE, Subject
from dcgraph.training.start import new_record

DTYPES = ("float32", "float64")


class LearningTests:
    """Part of `LayerConformance`."""

    @pytest.fixture
    def learner(self, subject: Subject) -> Subject:
        """The subject, if its layer learns."""
        if not subject.learns:
            pytest.skip(f"layer '{subject.layer.type}' does not learn")
        return subject

    # parameters

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_initial_parameters_are_as_announced(self, subject: Subject, dtype: str) -> None:
        arrays = subject.layer.init(subject.shapes, stream(0, NODE, "init"), np.dtype(dtype))
        shapes = {name: array.shape for name, array in arrays.items()}
        assert shapes == subject.layer.parameter_shapes(subject.shapes)
        for name, array in arrays.items():
            assert array.dtype == np.dtype(dtype), f"parameter '{name}' has the wrong dtype"
            assert np.isfinite(array).all(), f"parameter '{name}' is not finite"
        assert set(subject.layer.constants) <= set(arrays), "`constants` names no parameter"

    def test_initial_parameters_repeat_under_a_seed(self, subject: Subject) -> None:
        first, second = (
            subject.layer.init(subject.shapes, stream(5, NODE, "init"), np.dtype("float64"))
            for _ in range(2)
        )
        for name, array in first.items():
            np.testing.assert_array_equal(array, second[name], f"parameter '{name}'")

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_a_model_file_keeps_the_layer(
        self, subject: Subject, dtype: str, tmp_path: Path
    ) -> None:
        plugins = subject.plugins()
        graph = subject.graph(plugins, dtype=dtype)
        record = new_record(graph, subject.ops, steps_per_epoch=1)
        write_model(tmp_path / "m.h5", record)
        again = read_model(tmp_path / "m.h5", plugins=plugins)
        assert again.graph[NODE].layer == subject.layer
        states = [each.states.get(NODE) for each in (record, again)]
        params = [{} if state is None else state.parameters for state in states]
        assert params[0].keys() == params[1].keys()
        values = subject.values(2, dtype)
        outputs = [
            subject.forward({name: subject.ops.asarray(a) for name, a in each.items()}, values)
            for each in params
        ]
        np.testing.assert_array_equal(outputs[0], outputs[1])

    # observing

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_it_observes_what_is_wanted(self, learner: Subject, dtype: str) -> None:
        params, values = learner.parameters(dtype), learner.values(3, dtype)
        seen = learner.observe(params, values, learner.labels(3))
        assert seen.output is not None, "the output was wanted"
        np.testing.assert_allclose(
            learner.host(seen.output.values),
            learner.forward(params, values),
            1e-5,
            1e-6,
            err_msg="observe and forward differ in their output",
        )
        assert seen.loss is not None, "the loss was wanted"
        assert learner.host(seen.loss).shape[0] == 3, "the loss is (n, h, w)"
        assert learner.host(seen.loss).ndim == 3, "the loss is (n, h, w)"
        assert seen.statistics is not None, "statistics were wanted"
        if learner.learner.is_density:
            assert seen.log_likelihood is not None, "a density has a log-likelihood"
            assert learner.host(seen.log_likelihood).shape == learner.host(seen.loss).shape
        for name, array in seen.statistics.sums.items():
            assert array.dtype == np.dtype(dtype), f"the sum '{name}' has the wrong dtype"
        alone = learner.observe(params, values, None, want=frozenset({"output"}))
        assert alone.output is not None, "the output was wanted"

    def test_statistics_have_the_announced_shapes(self, learner: Subject) -> None:
        statistics = _statistics(learner, learner.values(3, "float64"), learner.labels(3))
        shapes = {name: learner.host(array).shape for name, array in statistics.sums.items()}
        assert shapes == learner.learner.statistics_shapes(learner.shapes)

    def test_statistics_add(self, learner: Subject) -> None:
        values, labels = learner.values(5, "float64"), learner.labels(5)
        whole = _statistics(learner, values, labels)
        parts = [
            _statistics(
                learner,
                [each[rows] for each in values],
                None if labels is None else labels[rows],
            )
            for rows in (slice(0, 2), slice(2, 5))
        ]
        added = parts[0] + parts[1]
        assert added.count == pytest.approx(whole.count), "the counts do not add up"
        for name, array in whole.sums.items():
            np.testing.assert_allclose(
                learner.host(added.sums[name]),
                learner.host(array),
                1e-9,
                1e-9,
                err_msg=f"the sum '{name}' of two batches is not that of both together",
            )

    # learning

    def test_gradients_are_those_of_the_loss(self, learner: Subject) -> None:
        if "gradients" not in learner.learner.offers:
            pytest.skip("the layer offers no gradients")
        params, values = learner.parameters("float64"), learner.values(3, "float64")
        labels = learner.labels(3)
        count = _statistics(learner, values, labels).count
        found = learner.learner.gradients(
            learner.ops, params, _statistics(learner, values, labels), sigma=0.0
        )
        for name, gradient in found.items():

            def loss(x: NDArray[np.float64], name: str = name) -> float:
                moved = {**params, name: learner.ops.asarray(x)}
                seen: Any = learner.observe(moved, values, labels, want=frozenset({"loss"})).loss
                return float(learner.host(seen).sum()) / count

            assert_gradient(
                learner.host(gradient),
                loss,
                learner.host(params[name]),
                tolerance=1e-5,
                what=f"of the loss for '{name}'",
            )

    def test_maximizing_raises_the_loss(self, learner: Subject) -> None:
        if "maximize" not in learner.learner.offers:
            pytest.skip("the layer offers no maximisation")
        layer, params = learner.learner, learner.parameters("float64")
        values, labels = learner.values(20, "float64"), learner.labels(20)
        statistics = _statistics(learner, values, labels)
        better = layer.maximize(learner.ops, params, statistics, sigma=0.0)
        better = layer.constrain(learner.ops, better)
        assert better.keys() == params.keys(), "maximize returns every parameter"
        losses = []
        for each in (params, better):
            seen: Any = learner.observe(each, values, labels).loss
            losses.append(float(learner.host(seen).mean()))
        assert losses[1] >= losses[0] - 1e-3, "the loss fell"
        expected = layer.expected_statistics(learner.ops, params)
        shapes = {name: learner.host(array).shape for name, array in expected.sums.items()}
        assert shapes == layer.statistics_shapes(learner.shapes)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_constraining_twice_is_constraining_once(self, learner: Subject, dtype: str) -> None:
        layer, ops = learner.learner, learner.ops
        once = layer.constrain(ops, learner.parameters(dtype))
        twice = layer.constrain(ops, once)
        for name, array in once.items():
            assert array.dtype == np.dtype(dtype)
            np.testing.assert_array_equal(learner.host(twice[name]), learner.host(array))
        assert layer.fault({name: learner.host(a) for name, a in once.items()}) is None

    def test_a_density_s_objective_has_its_gradient(self, learner: Subject) -> None:
        layer = learner.learner
        if not layer.is_density:
            pytest.skip("the layer is no density")
        params, values = learner.parameters("float64"), learner.values(2, "float64")

        def objective(x: NDArray[np.float64]) -> tuple[Any, Any]:
            value, (gradient, *_) = layer.objective_gradient(
                learner.ops, params, learner.inputs([x, *values[1:]]), sigma=0.0
            )
            return learner.host(value), learner.host(gradient)

        value, gradient = objective(values[0])
        seen: Any = learner.observe(params, values, None, want=frozenset({"loss"})).loss
        np.testing.assert_allclose(
            value,
            learner.host(seen).sum(axis=(1, 2)),
            1e-6,
            err_msg="the objective is the loss, summed over positions",
        )
        assert_gradient(
            gradient,
            lambda x: objective(x)[0].sum(),
            values[0],
            tolerance=1e-5,
            what="of the objective",
        )
        assert layer.curvature() > 0


def _statistics(
    learner: Subject, values: list[NDArray[Any]], labels: NDArray[np.int64] | None
) -> Statistics:
    seen = learner.observe(learner.parameters("float64"), values, labels, want=WANTS)
    assert seen.statistics is not None, "statistics were wanted"
    return replace(seen.statistics, sums=dict(seen.statistics.sums))
