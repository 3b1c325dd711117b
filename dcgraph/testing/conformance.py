"""The kit every layer is held against; it says which promise of the contract is broken, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from dcgraph.backends.select import make_backend
from dcgraph.contracts.layer import Layer
from dcgraph.errors import BackendError
from dcgraph.graph.load import graph_from_yaml
from dcgraph.graph.yaml_text import to_yaml
from dcgraph.signal import Shape, Signal
from dcgraph.testing.differences import assert_gradient
from dcgraph.testing.learning import LearningTests
from dcgraph.testing.subject import NODE, Subject

DTYPES = ("float32", "float64")


class LayerConformance(LearningTests):
    """Tests of one layer on inputs of given shapes.

    Subclass it under a name that begins with ``Test``, once for each configuration worth testing,
    and run pytest::

        class TestHalving(LayerConformance):
            layer = Halving(kernel=2)
            shapes = [(6, 4, 3)]
            undoes = "forward"

    Attributes
    ----------
    layer : Layer
    shapes : sequence of (h, w, c)
        Of its inputs. Small ones, with h and w apart: a gradient is checked element by element.
    undoes : {"control", "forward"} or None
        Whether ``control(forward(x)) = x`` holds, or ``forward(control(y)) = y``, or neither.
    backend : {"numpy", "cupy"}
        Another than "numpy" is held against it, too; skipped where it cannot run.
    classes : int
        Labels are drawn below it, for layers that use them.
    """

    layer: ClassVar[Layer]
    shapes: ClassVar[Sequence[Shape]] = ((5, 4, 2),)
    undoes: ClassVar[Literal["control", "forward"] | None] = None
    backend: ClassVar[str] = "numpy"
    classes: ClassVar[int] = 2

    @pytest.fixture
    def subject(self) -> Subject:
        """The layer with all that its methods need."""
        try:
            ops = make_backend(self.backend)
        except BackendError as error:
            pytest.skip(str(error))
        shapes = tuple(tuple(shape) for shape in self.shapes)
        return Subject(self.layer, shapes, ops, self.classes)  # type: ignore[arg-type]

    # what stands in a graph file

    def test_settings_survive_a_graph_file(self, subject: Subject) -> None:
        plugins = subject.plugins()
        graph = subject.graph(plugins)
        assert graph[NODE].layer == subject.layer, "the layer of the graph has other settings"
        again = graph_from_yaml(to_yaml(graph), plugins=plugins)
        assert again.document == graph.document, "a graph file that is read again differs"
        assert again[NODE].layer == subject.layer

    def test_the_layer_cannot_be_changed(self, subject: Subject) -> None:
        for name in type(subject.layer).model_fields:
            with pytest.raises(Exception, match="frozen"):
                setattr(subject.layer, name, getattr(subject.layer, name))

    def test_costs_and_coverage_are_numbers(self, subject: Subject) -> None:
        cost = subject.layer.cost(subject.shapes)
        assert cost.flops >= 0
        assert cost.elements > 0
        assert subject.layer.coverage(subject.shapes) >= 1
        assert all(isinstance(text, str) for text in subject.layer.warnings(subject.shapes))

    # upward

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("n", [1, 3])
    def test_the_output_has_the_shape_and_dtype(self, subject: Subject, n: int, dtype: str) -> None:
        output = subject.layer.forward(
            subject.ops, subject.parameters(dtype), subject.inputs(subject.values(n, dtype))
        )
        assert isinstance(output, Signal), "forward must return a Signal"
        _assert_signal(output, n, subject.output_shape, dtype, "forward")

    def test_forward_leaves_its_inputs_alone(self, subject: Subject) -> None:
        values = subject.values(2, "float64")
        before = [each.copy() for each in values]
        subject.forward(subject.parameters("float64"), values)
        for each, copy in zip(values, before, strict=True):
            np.testing.assert_array_equal(each, copy, "forward changed its input in place")

    def test_samples_do_not_depend_on_each_other(self, subject: Subject) -> None:
        params, values = subject.parameters("float64"), subject.values(4, "float64")
        together = subject.forward(params, values)
        for i in range(4):
            alone = subject.forward(params, [each[i : i + 1] for each in values])
            np.testing.assert_allclose(
                together[i : i + 1], alone, 1e-9, 1e-12, err_msg=f"sample {i} alone differs"
            )

    def test_a_mask_that_hides_nothing_changes_nothing(self, subject: Subject) -> None:
        params, values = subject.parameters("float64"), subject.values(2, "float64")
        known = [np.ones(each.shape, bool) for each in values]
        output = subject.layer.forward(subject.ops, params, subject.inputs(values, known))
        expected = subject.forward(params, values)
        np.testing.assert_allclose(subject.host(output.values), expected, 1e-9, 1e-12)
        if output.known is not None:
            assert subject.host(output.known).all(), "everything is known"

    def test_what_is_unknown_has_no_influence(self, subject: Subject) -> None:
        params, values = subject.parameters("float64"), subject.values(3, "float64")
        rng = np.random.default_rng(3)
        known = [rng.random(each.shape) < 0.6 for each in values]
        other = [
            np.where(mask, each, rng.random(each.shape))
            for each, mask in zip(values, known, strict=True)
        ]
        outputs = [
            subject.layer.forward(subject.ops, params, subject.inputs(each, known))
            for each in (values, other)
        ]
        _assert_signal(outputs[0], 3, subject.output_shape, "float64", "forward of a masked input")
        first, second = (subject.host(output.values) for output in outputs)
        seen: NDArray[np.bool_] = np.ones(first.shape, bool)
        if outputs[0].known is not None:
            seen = np.broadcast_to(subject.host(outputs[0].known), first.shape)
        np.testing.assert_array_equal(
            first[seen], second[seen], "values marked unknown changed values that are known"
        )

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_training_draws_repeat(self, subject: Subject, dtype: str) -> None:
        layer, params = subject.layer, subject.parameters(dtype)
        inputs = subject.inputs(subject.values(4, dtype))

        def noisy(start: int, n: int) -> NDArray[Any]:
            part = [signal.block(start, start + n) for signal in inputs]
            rng = subject.draws(n, start=start)
            output = layer.forward_training(subject.ops, params, part, rng)
            _assert_signal(output, n, subject.output_shape, dtype, "forward_training")
            return subject.host(output.values)

        whole = noisy(0, 4)
        np.testing.assert_array_equal(whole, noisy(0, 4), "equal streams gave different draws")
        np.testing.assert_allclose(
            whole[2:], noisy(2, 2), 1e-5, err_msg="a sample's draws depend on its batch"
        )
        if not layer.noisy:
            plain = subject.host(layer.forward(subject.ops, params, inputs).values)
            np.testing.assert_array_equal(whole, plain, "forward_training differs: say noisy")

    def test_the_backend_agrees_with_numpy(self, subject: Subject) -> None:
        if self.backend == "numpy":
            pytest.skip("NumPy is what other backends are held against")
        oracle = replace(subject, ops=make_backend("numpy"))
        host = oracle.parameters("float64")
        params = {name: subject.ops.asarray(array) for name, array in host.items()}
        values = subject.values(3, "float64")
        expected = oracle.forward(host, values)
        np.testing.assert_allclose(subject.forward(params, values), expected, 1e-9, 1e-9)

    def test_the_gradient_is_that_of_forward(self, subject: Subject) -> None:
        params, values = subject.parameters("float64"), subject.values(2, "float64")
        weights = np.random.default_rng(1).standard_normal((2, *subject.output_shape))
        gradients = subject.layer.input_gradient(
            subject.ops, params, subject.inputs(values), subject.ops.asarray(weights)
        )
        assert len(gradients) == len(values), "input_gradient returns one array for each input"
        for i, gradient in enumerate(gradients):

            def total(x: NDArray[np.float64], i: int = i) -> float:
                moved = [x if j == i else each for j, each in enumerate(values)]
                return float((subject.forward(params, moved) * weights).sum())

            found = subject.host(gradient)
            assert_gradient(found, total, values[i], tolerance=1e-5, what=f"at input {i}")

    # downward

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("n", [1, 3])
    def test_control_returns_a_signal_for_each_input(
        self, subject: Subject, n: int, dtype: str
    ) -> None:
        sent = subject.control(subject.parameters(dtype), subject.output(n, dtype), n)
        for signal, shape in zip(sent, subject.shapes, strict=True):
            if signal is not None:
                _assert_signal(signal, n, shape, dtype, "control")

    def test_control_repeats_sample_by_sample(self, subject: Subject) -> None:
        params, above = subject.parameters("float64"), subject.output(4, "float64")
        whole = subject.control(params, above, 4)
        parts = [subject.control(params, above.block(i, i + 1), 1, start=i) for i in range(4)]
        for i, part in enumerate(parts):
            for signal, alone in zip(whole, part, strict=True):
                if signal is None or alone is None:
                    assert signal is alone, "whether there is a signal depends on the batch"
                    continue
                np.testing.assert_allclose(
                    subject.host(signal.values)[i : i + 1],
                    subject.host(alone.values),
                    1e-9,
                    1e-12,
                    err_msg=f"sample {i} alone differs",
                )

    def test_control_carries_masks(self, subject: Subject) -> None:
        params, above = subject.parameters("float64"), subject.output(2, "float64")
        shape = above.values.shape
        for known in (np.zeros((1, 1, 1, 1), bool), np.random.default_rng(2).random(shape) < 0.5):
            masked = Signal(above.values, subject.ops.asarray(known))
            for signal, below in zip(
                subject.control(params, masked, 2), subject.shapes, strict=True
            ):
                if signal is not None:
                    _assert_signal(signal, 2, below, "float64", "control of a masked signal")

    def test_control_takes_what_stands_above_nothing(self, subject: Subject) -> None:
        sent = subject.control(subject.parameters("float64"), None, 2)
        for signal, shape in zip(sent, subject.shapes, strict=True):
            if signal is not None:
                _assert_signal(signal, 2, shape, "float64", "control without a signal above")

    def test_forward_and_control_agree(self, subject: Subject) -> None:
        if self.undoes is None:
            pytest.skip("neither direction undoes the other")
        params, values = subject.parameters("float64"), subject.values(3, "float64")
        if self.undoes == "control":
            up = subject.layer.forward(subject.ops, params, subject.inputs(values))
            down = subject.control(params, up, 3)
            for each, signal in zip(values, down, strict=True):
                assert signal is not None, "control returned nothing"
                np.testing.assert_allclose(subject.host(signal.values), each, 1e-6, 1e-9)
            return
        above = subject.output(3, "float64")
        sent = subject.control(params, above, 3)
        inputs = [signal for signal in sent if signal is not None]
        assert len(inputs) == len(sent), "control returned nothing"
        up = subject.layer.forward(subject.ops, params, inputs)
        np.testing.assert_allclose(subject.host(up.values), subject.host(above.values), 1e-6, 1e-9)


def _assert_signal(signal: Signal, n: int, shape: Shape, dtype: str, what: str) -> None:
    assert signal.values.shape == (n, *shape), f"{what}: the shape should be {(n, *shape)}"
    assert signal.values.dtype == np.dtype(dtype), f"{what}: the dtype should be {dtype}"
    assert bool((abs(signal.values) < np.inf).all()), f"{what}: values must be finite"
    if signal.known is not None:
        assert signal.known.dtype == np.bool_, f"{what}: `known` must be boolean"
        broadcast = np.broadcast_shapes(signal.known.shape, signal.values.shape)
        assert broadcast == signal.values.shape, f"{what}: `known` must broadcast to the values"
