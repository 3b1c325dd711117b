"""The Python face: train, load, and what a trained model can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.select import make_backend
from dcgraph.contracts.windows import Sharpening
from dcgraph.data.dataset import Dataset, dataset_from_arrays, open_dataset
from dcgraph.data.directory import data_directory
from dcgraph.engine.scheduler import Scheduler
from dcgraph.errors import InputError, RequestError
from dcgraph.graph.graph import Graph
from dcgraph.inference import density, inpainting, sampling
from dcgraph.plugin.manager import Plugins
from dcgraph.signal import Signal
from dcgraph.storage.origin import graph_from
from dcgraph.storage.read import read_model
from dcgraph.storage.record import ModelRecord
from dcgraph.storage.write import write_model
from dcgraph.training.events import Observer
from dcgraph.training.run import run
from dcgraph.training.start import on_device


def train(
    graph: Graph | Path | str | Mapping[str, Any],
    data: Any = None,
    *,
    epochs: float | None = None,
    seed: int | None = None,
    backend: str = "auto",
    observers: Iterable[Observer] = (),
) -> Model:
    """Train a graph; the graph file decides what is None.

    Parameters
    ----------
    graph : path, name of a shipped graph, notation, mapping or Graph
        For example ``"dcgmm_e"`` or ``"F(3,1)-G(25)-F(6,1)-G(49)"``.
    data : str, array, (array, array) or None
        The name of a data source; or images (n, h, w, c) or (n, h, w), uint8 or float on about
        [0, 1]; or images and integer labels (n,).
    epochs : float or None
        Passes over the training images.
    seed : int or None
        Of every random draw.
    backend : {"auto", "numpy"}
    observers : iterable of Observer
        Hear the events of the run.

    Raises
    ------
    RequestError
        The graph is not sound, or the data is missing or does not fit.
    RunError
        Losses became infinite.
    """
    overrides = [f"data.source={data}"] if isinstance(data, str) else []
    overrides += [] if epochs is None else [f"train.epochs={epochs!r}"]
    overrides += [] if seed is None else [f"train.seed={seed!r}"]
    checked = graph_from(graph, overrides=overrides)
    dataset = _dataset(checked, None if isinstance(data, str) else data)
    record = run(checked, dataset, backend=backend, observers=observers)
    return Model(record, backend=backend)


def load(path: Path | str, *, backend: str = "auto", plugins: Plugins | None = None) -> Model:
    """Open a model file.

    Raises
    ------
    RequestError
        There is no such file.
    ModelFileError
        The file is damaged, of a newer version, or no model file.
    """
    return Model(read_model(Path(path), plugins=plugins), backend=backend)


def _dataset(graph: Graph, data: Any) -> Dataset:
    (entry,) = graph.inputs
    shape = graph[entry].shape
    if data is not None:
        images, labels = data if isinstance(data, tuple) else (data, None)
        outliers = graph.data.outliers if graph.data is not None and labels is not None else ()
        classes = graph.data.classes if graph.data is not None and labels is not None else None
        return dataset_from_arrays(images, labels, shape, outliers=outliers, classes=classes)
    if graph.data is None:
        message = f"graph '{graph.name}' names no data: give it a data section, or images as `data`"
        raise RequestError(message, field="data")
    return open_dataset(graph.data, shape, data_directory(None))


class Model:
    """A trained model.

    Attributes
    ----------
    graph : Graph
    record : ModelRecord
        All that its file holds.
    """

    def __init__(
        self, record: ModelRecord, *, backend: str = "auto", threads: int | None = None
    ) -> None:
        self.record = record
        self._ops = make_backend(backend, threads=threads)
        self._states = on_device(record.states, self._ops)

    @property
    def graph(self) -> Graph:
        """The graph, checked."""
        return self.record.graph

    def __repr__(self) -> str:
        state = "" if self.record.complete else f", step {self.record.step} of "
        state += "" if self.record.complete else str(self.record.total_steps)
        return f"<Model {self.graph.name}: {', '.join(self.graph.density_nodes)}{state}>"

    def save(self, path: Path | str) -> None:
        """Write the model file (HDF5), whole or not at all."""
        write_model(Path(path), self.record)

    def _scheduler(self, graph: Graph | None = None) -> Scheduler:
        return Scheduler(graph or self.graph, self._ops, dict(self._states))

    # up

    def log_likelihood(
        self, x: Any, node: str | None = None, kind: density.Kind = "log_likelihood"
    ) -> NDArray[Any]:
        """Return the log-likelihood of each image, mean over the node's positions.

        Parameters
        ----------
        x : array of shape (n, h, w, c)
            On about [0, 1]; NaN pixels are unknown and integrated out.
        node : str or None
            A gmm node; None is the topmost.
        kind : {"log_likelihood", "max_component", "loss"}

        Returns
        -------
        array of shape (n,)
            In nats.

        Raises
        ------
        InputError
            `x` does not fit the graph's input.
        RequestError
            The node has no log-likelihood.
        """
        maps = self.log_likelihood_map(x, node, kind)
        means: NDArray[Any] = maps.mean(axis=(1, 2), dtype=np.float64)
        return means.astype(maps.dtype)

    def log_likelihood_map(
        self, x: Any, node: str | None = None, kind: density.Kind = "log_likelihood"
    ) -> NDArray[Any]:
        """Return the log-likelihood at each position of the node, (n, h, w), in nats."""
        name = density.scored_node(self.graph, node)
        if kind not in density.KINDS:
            message = f"kind must be one of {', '.join(density.KINDS)}, received {kind!r}"
            raise RequestError(message, field="kind")
        scheduler = self._scheduler()
        return np.concatenate(
            list(density.score_maps(scheduler, self._signals(scheduler, x), name, kind))
        )

    def activities(self, x: Any, node: str) -> NDArray[Any]:
        """Return the output of a node, (n, h, w, k): of a gmm node, its responsibilities."""
        name = self.graph[node].name
        scheduler = self._scheduler()
        return np.concatenate(
            list(density.activities(scheduler, self._signals(scheduler, x), name))
        )

    def predict_proba(self, x: Any) -> NDArray[Any]:
        """Return class probabilities, (n, classes).

        Raises
        ------
        RequestError
            The graph has no classifier node, or several.
        """
        found = density.classifiers(self.graph)
        if len(found) != 1:
            message = (
                f"graph '{self.graph.name}' has {len(found) or 'no'} classifier nodes: "
                "use activities(x, node)"
                if found
                else f"graph '{self.graph.name}' has no classifier"
            )
            raise RequestError(message)
        return self.activities(x, found[0]).reshape(len(x), -1)

    def predict(self, x: Any) -> NDArray[np.int64]:
        """Return the most probable class of each image, (n,)."""
        classes: NDArray[np.int64] = self.predict_proba(x).argmax(axis=1)
        return classes

    # down

    def sample(
        self,
        n: int,
        *,
        node: str | None = None,
        label: int | Iterable[int] | None = None,
        sharpen: int = 0,
        seed: int | None = None,
        control: NDArray[Any] | None = None,
        **settings: Any,
    ) -> NDArray[Any]:
        """Return n samples, (n, h, w, c), not clipped.

        Parameters
        ----------
        node : str or None
            Where the walk down starts; None is the topmost gmm node (with `label`, the classifier).
        label : int, n ints or None
            Ask the classifier for these classes.
        sharpen : int
            Sharpening iterations at every folding and pooling node that has a gmm node above.
        seed : int or None
            Of the draws; None takes the model's own.
        control : array of shape (n, h, w, c) or None
            A control signal for `node`, in the shape of its output.
        **settings
            Sampling settings of every gmm node: top, power, divisor, ...

        Raises
        ------
        RequestError, InputError
            The node cannot be sampled from; a setting or label does not exist.
        """
        return np.concatenate(
            list(
                self.sample_batches(
                    n,
                    node=node,
                    label=label,
                    sharpen=sharpen,
                    seed=seed,
                    control=control,
                    **settings,
                )
            )
        )

    def sample_batches(
        self,
        n: int,
        *,
        node: str | None = None,
        label: int | Iterable[int] | None = None,
        sharpen: int = 0,
        seed: int | None = None,
        control: NDArray[Any] | None = None,
        **settings: Any,
    ) -> Iterator[NDArray[Any]]:
        """Yield what `sample` returns, at most 100 samples at a time."""
        graph = self._configured(sharpen, settings)
        if label is not None:
            if control is not None:
                message = "give either a label or a control signal, not both"
                raise RequestError(message)
            wanted = np.broadcast_to(np.asarray(label, dtype=np.int64), (n,))
            node, control = sampling.labels_control(graph, wanted, node)
        seed = self.record.seed if seed is None else seed
        return sampling.samples(self._scheduler(graph), n, node=node, control=control, seed=seed)

    def variants(self, x: Any, *, node: str, seed: int | None = None) -> NDArray[Any]:
        """Return a variant of each image, (n, h, w, c): what `node` takes for the same.

        Parameters
        ----------
        x : array of shape (n, h, w, c)
        node : str
            A gmm node; the higher, the freer.
        """
        scheduler = self._scheduler()
        signals = self._signals(scheduler, x)
        seed = self.record.seed if seed is None else seed
        return np.concatenate(
            list(sampling.variants(scheduler, signals, node, seed=seed, purpose="variant"))
        )

    def inpaint(
        self,
        x: Any,
        known: Any = None,
        *,
        node: str | None = None,
        n: int = 1,
        seed: int | None = None,
        fill: float | None = 0.0,
    ) -> NDArray[Any]:
        """Return images whose unknown pixels are completed; known ones are untouched.

        Parameters
        ----------
        x : array of shape (m, h, w, c)
            NaN pixels are unknown, whatever `known` says.
        known : boolean array of shape (h, w), (m, h, w) or that of `x`, or None
            True where a pixel is to be kept.
        node : str or None
            A gmm node, whose responsibilities say what to draw; None is the topmost.
        n : int
            Completions of each image.
        seed : int or None
        fill : float or None
            What unknown pixels go up as (paper: 0); None integrates them out.

        Returns
        -------
        array
            In the shape of `x`, or (n, *x.shape) where n is above 1.

        Raises
        ------
        InputError
            The mask does not fit, or leaves nothing to complete or nothing to go by.
        """
        images = self._images(x)
        keep = inpainting.kept(images, known)
        scheduler = self._scheduler()
        return inpainting.inpaint(
            scheduler,
            images,
            keep,
            node=density.scored_node(self.graph, node),
            n=n,
            seed=self.record.seed if seed is None else seed,
            fill=fill,
        ).reshape(*(() if n == 1 else (n,)), *np.shape(x))

    def _configured(self, sharpen: int, settings: Mapping[str, Any]) -> Graph:
        """Return the graph with settings for every gmm node and sharpening wherever it can be."""
        graph = self.graph
        for name, node in graph.nodes.items():
            if settings and node.is_density:
                graph = sampling.with_sampling(graph, settings, name)
            above = graph.descendants(name) & set(graph.density_nodes)
            if sharpen and isinstance(node.layer.sampling, Sharpening) and above:
                graph = sampling.with_sampling(graph, {"sharpen": sharpen}, name)
        return graph

    # input

    def _signals(self, scheduler: Scheduler, x: Any) -> Iterator[Signal]:
        images = self._images(x)
        for start in range(0, len(images), density.BATCH):
            yield scheduler.signal(images[start : start + density.BATCH])

    def _images(self, x: Any) -> NDArray[Any]:
        (entry,) = self.graph.inputs
        shape = self.graph[entry].shape
        images = np.asarray(x)
        if images.ndim == 3 and shape[2] == 1:
            images = images[..., None]
        if images.ndim != 4 or images.shape[1:] != shape or not len(images):
            message = (
                f"images must have the shape (n, {shape[0]}, {shape[1]}, {shape[2]}) with n at "
                f"least 1, received {np.shape(x)}"
            )
            raise InputError(message, node=entry)
        if images.dtype == np.uint8:
            return images.astype(self.graph.train.dtype) / 255
        if images.dtype.kind not in "fiub":
            message = f"images must be numbers, received dtype {images.dtype}"
            raise InputError(message, node=entry)
        if images.dtype.kind != "f":
            return images.astype(self.graph.train.dtype)
        if np.isinf(images.astype(np.float64, copy=False)).any():
            message = "images hold infinite pixels; use NaN for unknown ones"
            raise InputError(message, node=entry)
        return images
