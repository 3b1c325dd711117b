"""What a layer is.

A layer object holds validated hyper-parameters, and free of any state says four things: the shape
of its output, the arrays it learns, what it does upward (`forward`) and what it does downward
(`control`). A trainable layer adds how it observes a batch and how sufficient statistics become
better parameters. Arrays come and go through arguments; `ops` is the backend, and what is written
with ``ops.xp`` alone runs on every backend. Every sample is worked on by itself: what a batch holds
beside it changes nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from dcgraph.backends.contract import Backend
from dcgraph.contracts.varying import Number
from dcgraph.rng import Draws
from dcgraph.signal import Array, Shape, Signal, SignalBlocks
from dcgraph.spec import Spec
from dcgraph.state import Arrays, Statistics

Params = Mapping[str, Array]


class Sampling(Spec):
    """Settings a layer uses on the way down; the fields are the keys of `sampling:`."""


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate for one sample.

    Attributes
    ----------
    flops : float
        Multiplications and additions of one training step.
    elements : float
        Array elements that live at once while the layer works.
    """

    flops: float
    elements: float


class Layer(Spec):
    """A node type; subclasses' fields are its YAML keys.

    Attributes
    ----------
    type : str
        The name graph files use.
    inputs : tuple of int and (int or None)
        Fewest and most forward inputs; None is no limit.
    feeds : {"images", "labels"}
        What `forward` is given where the layer takes no forward inputs: images (n, h, w, c), or
        their labels (n, 1, 1, 1), unknown where there are none.
    constants : tuple of str
        Names among the parameters that are set once, by `prepare`, and never learned.
    noisy : bool
        Whether training draws on the way up: `forward_training` then takes the place of `forward`.
    recordable : bool
        Whether a training step's work at this layer may be recorded on a device and replayed. That
        takes that nothing on the way up, in learning and in `constrain` waits for the device,
        brings arrays to it, decides by what is computed there, or multiplies matrices but by
        ``ops.matmul``; see `dcgraph.contracts.varying`.
    sampling : Sampling
        Settings of the downward direction, from the graph's `sampling:` section.
    """

    type: ClassVar[str]
    inputs: ClassVar[tuple[int, int | None]] = (1, 1)
    feeds: ClassVar[Literal["images", "labels"]] = "images"
    constants: ClassVar[tuple[str, ...]] = ()
    noisy: ClassVar[bool] = False
    recordable: ClassVar[bool] = False

    sampling: Sampling = Field(default=Sampling(), exclude=True, repr=False)

    @abstractmethod
    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (h, w, c) of the output for inputs of the given shapes.

        Raises
        ------
        ValueError
            The inputs do not fit; the message says what was expected and received.
        """

    def warnings(self, shapes: Sequence[Shape]) -> Sequence[str]:
        """Return what a user should know about this layer on these inputs, one sentence each."""
        return ()

    def parameter_shapes(self, shapes: Sequence[Shape]) -> dict[str, tuple[int, ...]]:
        """Return the shape of every parameter array, before any is allocated."""
        return {}

    def cost(self, shapes: Sequence[Shape]) -> Cost:
        """Return what one sample costs."""
        elements = float(sum(prod(shape) for shape in (*shapes, self.output_shape(shapes))))
        return Cost(flops=elements, elements=elements)

    def coverage(self, shapes: Sequence[Shape]) -> int:
        """Return how many elements of the output one element of an input goes to, at most."""
        return 1

    def init(self, shapes: Sequence[Shape], rng: np.random.Generator, dtype: Any) -> Arrays:
        """Return freshly drawn host arrays, with the names of `parameter_shapes`."""
        return {}

    def images_to_prepare(self, shapes: Sequence[Shape]) -> int:
        """Return how many images `prepare` wants to see at least, for inputs of these shapes."""
        return 1

    def prepare(
        self,
        ops: Backend,
        params: Params,
        inputs: Sequence[SignalBlocks],
        rng: np.random.Generator,
    ) -> Arrays:
        """Return parameters fitted to the first images, before the node learns from them.

        A node that does not learn is fitted, if it has `constants`, before the first batch.

        Parameters
        ----------
        inputs : sequence of SignalBlocks
            What comes up for the first batch; if it has fewer images than `images_to_prepare`, for
            so many drawn from the training set.
        rng : numpy.random.Generator
            On the host.

        Raises
        ------
        ValueError
            The layer cannot be fitted to these images; the message says why.
        """
        return dict(params)

    @abstractmethod
    def forward(self, ops: Backend, params: Params, inputs: Sequence[Signal]) -> Signal:
        """Return what goes up, a signal of shape (n, *output_shape)."""

    def forward_training(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], rng: Draws
    ) -> Signal:
        """Return what goes up while a graph is trained, where the layer is `noisy`.

        Parameters
        ----------
        rng : Draws
            ``rng.n`` samples, one stream each; a run that is resumed draws the same.
        """
        return self.forward(ops, params, inputs)

    @abstractmethod
    def control(
        self,
        ops: Backend,
        params: Params,
        signal: Signal | None,
        shapes: Sequence[Shape],
        rng: Draws,
    ) -> Sequence[Signal | None]:
        """Return what goes down, one signal (or None) for each input.

        Parameters
        ----------
        signal : Signal or None
            Control values of shape (n, *output_shape); None where nothing stands above.
        shapes : sequence of (h, w, c)
            Shapes of the inputs.
        rng : Draws
            ``rng.n`` samples, one stream each.
        """

    @abstractmethod
    def input_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], grad: Array
    ) -> Sequence[Array]:
        """Return the gradient with respect to each input, given that at the output.

        Parameters
        ----------
        grad : array of shape (n, *output_shape)
        """


@dataclass(frozen=True, slots=True)
class Observation:
    """What one pass over a batch yields; what was not wanted is None.

    Attributes
    ----------
    output : Signal
        The activity, shape (n, h, w, k).
    log_likelihood, max_component, loss : array of shape (n, h, w)
        In nats, for each position; `loss` is what training ascends.
    statistics : Statistics
        Sufficient statistics of the batch.
    """

    output: Signal | None = None
    log_likelihood: Array | None = None
    max_component: Array | None = None
    loss: Array | None = None
    statistics: Statistics | None = None


WANTS = frozenset({"output", "log_likelihood", "max_component", "loss", "statistics"})


class TrainableLayer(Layer):
    """A layer that learns, from its own input alone.

    Attributes
    ----------
    offers : set of {"gradients", "maximize"}
        Which updates the layer can compute from its statistics; an optimizer needs one of them.
    is_density : bool
        Whether `observe` yields a log-likelihood of the input.
    decaying : set of str
        Parameters that weight decay may pull to 0.
    default_optimizer : mapping
        What trains the layer where the graph's optimizer needs what it does not offer.
    delay : float in [0, 1]
        Fraction of the training during which the node is not updated.
    trainable : bool
        False: parameters stay as they are.
    """

    offers: ClassVar[frozenset[str]] = frozenset()
    is_density: ClassVar[bool] = False
    uses_labels: ClassVar[bool] = False
    decaying: ClassVar[frozenset[str]] = frozenset()
    default_optimizer: ClassVar[Mapping[str, Any]] = {"type": "sgd"}

    delay: Annotated[float, Field(ge=0, le=1)] = 0.0
    trainable: bool = True

    def annealing_width(self) -> float:
        """Return the sigma at which annealing starts; 0: the layer has none."""
        return 0.0

    @abstractmethod
    def observe(
        self,
        ops: Backend,
        params: Params,
        inputs: Sequence[SignalBlocks],
        *,
        labels: Array | None,
        sigma: Number,
        want: frozenset[str],
    ) -> Observation:
        """Return what is wanted of a batch, in one pass over it.

        Parameters
        ----------
        labels : integer array of shape (n,) or None
        sigma : float
            Width of the annealing's smoothing; it never touches output or log-likelihood. A
            `recordable` layer may be given a `Varying` in its place, here and below.
        want : subset of `WANTS`
        """

    def usage(self, statistics: Statistics) -> Array | None:
        """Return how many rows each component took, (K,); None for layers without components."""
        return None

    def _not_offered(self) -> TypeError:
        return TypeError(f"layer '{self.type}' does not offer this")

    def statistics_shapes(self, shapes: Sequence[Shape]) -> dict[str, tuple[int, ...]]:
        """Return the shape of every sum in the layer's statistics."""
        return {}

    def expected_statistics(self, ops: Backend, params: Params) -> Statistics:
        """Return the statistics, of count 1, that the parameters themselves expect."""
        raise self._not_offered()

    def gradients(
        self, ops: Backend, params: Params, statistics: Statistics, *, sigma: Number
    ) -> Arrays:
        """Return the ascent direction of each parameter, for stochastic gradient ascent."""
        raise self._not_offered()

    def maximize(
        self, ops: Backend, params: Params, statistics: Statistics, *, sigma: Number
    ) -> Arrays:
        """Return the parameters that maximise the loss for these statistics (M-step)."""
        raise self._not_offered()

    def fault(self, params: Params) -> str | None:
        """Return what is wrong with host parameters of unknown origin, or None."""
        return None

    def constrain(self, ops: Backend, params: Params) -> Arrays:
        """Return the parameters moved into their bounds."""
        return dict(params)

    def curvature(self) -> float:
        """Return a bound of the second derivative of the loss in one element of the input."""
        raise self._not_offered()

    def objective_gradient(
        self, ops: Backend, params: Params, inputs: Sequence[Signal], *, sigma: Number
    ) -> tuple[Array, Sequence[Array]]:
        """Return the loss summed over positions, (n,), and its gradient for each input."""
        raise self._not_offered()
