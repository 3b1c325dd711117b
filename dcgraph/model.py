"""The Python face: train, load, and what a trained model can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.backends.select import make_backend
from dcgraph.contracts.events import Observer
from dcgraph.data.dataset import Dataset, dataset_from_arrays, open_dataset
from dcgraph.data.directory import data_directory
from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph
from dcgraph.inference import inpainting, sampling
from dcgraph.inference.labels import checked_labels, labels_control
from dcgraph.inference.readout import Readout
from dcgraph.inference.settings import configured
from dcgraph.inference.viewer import Viewer
from dcgraph.plugin.load import plugins_from
from dcgraph.plugin.manager import Plugins
from dcgraph.signal import Shape
from dcgraph.storage.lock import output_lock
from dcgraph.storage.origin import graph_from
from dcgraph.storage.read import read_model
from dcgraph.storage.record import ModelRecord
from dcgraph.storage.write import write_model
from dcgraph.training.run import run
from dcgraph.training.start import fixed, on_device

PluginChoice = Plugins | Sequence[Path | str] | None


def train(
    graph: Graph | Path | str | Mapping[str, Any],
    data: Any = None,
    *,
    epochs: float | None = None,
    seed: int | None = None,
    backend: str = "auto",
    observers: Iterable[Observer] = (),
    init: Model | Path | str | None = None,
    plugins: PluginChoice = None,
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
    init : Model, path or None
        A model whose parameters the run begins with, where node names and shapes agree.
    plugins : sequence of paths, Plugins or None
        Plugin files to load beside what is installed.

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
    arrays = None if isinstance(data, str) else data
    known = _chosen_plugins(plugins)
    shape = _image_shape(arrays)
    checked = graph_from(graph, overrides=overrides, plugins=known, shape=shape)
    dataset = _dataset(checked, arrays)
    donor = None
    if init is not None:
        donor = init.record if isinstance(init, Model) else read_model(Path(init), plugins=known)
    record = run(checked, dataset, backend=backend, observers=observers, plugins=known, init=donor)
    return Model(record, backend=backend)


def load(path: Path | str, *, backend: str = "auto", plugins: PluginChoice = None) -> Model:
    """Open a model file.

    Parameters
    ----------
    plugins : sequence of paths, Plugins or None
        Plugin files to load beside what is installed; a model file never loads any itself.

    Raises
    ------
    RequestError
        There is no such file.
    ModelFileError
        The file is damaged, of a newer version, or no model file.
    """
    return Model(read_model(Path(path), plugins=_chosen_plugins(plugins)), backend=backend)


def _chosen_plugins(given: PluginChoice) -> Plugins | None:
    return given if given is None or isinstance(given, Plugins) else plugins_from(given)


def _image_shape(data: Any) -> Shape | None:
    """Return (h, w, c) of the images a caller holds; None where there are none, or no images."""
    shape = np.shape(data[0] if isinstance(data, tuple) else data)
    if len(shape) == 3:
        shape = (*shape, 1)
    return (shape[1], shape[2], shape[3]) if len(shape) == 4 else None


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


class Model(Viewer):
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
        ops = make_backend(backend, threads=threads, additions=record.graph.additions)
        super().__init__(record, ops, fixed(on_device(record.states, ops)))

    def __repr__(self) -> str:
        state = "" if self.record.complete else f", step {self.record.step} of "
        state += "" if self.record.complete else str(self.record.total_steps)
        return f"<Model {self.graph.name}: {', '.join(self.graph.density_nodes)}{state}>"

    def save(self, path: Path | str) -> None:
        """Write the model file (HDF5), whole or not at all.

        Raises
        ------
        OutputLockedError
            Another process writes the file.
        RequestError, RunError
            There can be no such file, or the disk is full; the old file is as it was.
        """
        with output_lock(Path(path)):
            write_model(Path(path), self.record)

    def sample(
        self,
        n: int,
        *,
        node: str | None = None,
        label: int | Iterable[int] | None = None,
        sharpen: int = 0,
        seed: int | None = None,
        control: NDArray[Any] | None = None,
        readout: Readout | None = None,
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
            A control signal for `node`, in the shape of its output; NaN where there is none.
        readout : Readout or None
            Is told what sharpening does.
        **settings
            Sampling settings: top, power, divisor, ... of every gmm node; confidence of the
            classifier; rate, weight, target of what is sharpened.

        Raises
        ------
        RequestError, InputError
            The node cannot be sampled from; a setting or label does not exist.
        """
        batches = self.sample_batches(
            n,
            node=node,
            label=label,
            sharpen=sharpen,
            seed=seed,
            control=control,
            readout=readout,
            **settings,
        )
        return np.concatenate(list(batches))

    def sample_batches(
        self,
        n: int,
        *,
        node: str | None = None,
        label: int | Iterable[int] | None = None,
        sharpen: int = 0,
        seed: int | None = None,
        control: NDArray[Any] | None = None,
        readout: Readout | None = None,
        **settings: Any,
    ) -> Iterator[NDArray[Any]]:
        """Return an iterator over what `sample` returns, at most 100 samples at a time."""
        graph = configured(self.graph, settings, sharpen=sharpen)
        if label is not None:
            if control is not None:
                message = "give either a label or a control signal, not both"
                raise RequestError(message)
            node, control = labels_control(graph, checked_labels(label, n), node)
        return sampling.samples(
            self._scheduler(graph),
            n,
            node=node,
            control=control,
            seed=self._seed(seed),
            readout=readout,
        )

    def variants(
        self,
        x: Any,
        *,
        node: str | None = None,
        n: int = 1,
        sharpen: int = 0,
        seed: int | None = None,
        readout: Readout | None = None,
        **settings: Any,
    ) -> NDArray[Any]:
        """Return variants of each image: what `node` takes for the same.

        Parameters
        ----------
        x : array of shape (m, h, w, c)
            NaN pixels are unknown.
        node : str or None
            A gmm node; the higher, the freer. None is the topmost.
        n : int
            Variants of each image.
        sharpen, seed, readout, **settings
            As in `sample`.

        Returns
        -------
        array
            In the shape of `x`, or (n, *x.shape) where n is above 1.

        Raises
        ------
        RequestError, InputError
        """
        drawn = self.variants_batches(
            x, node=node, n=n, sharpen=sharpen, seed=seed, readout=readout, **settings
        )
        return np.concatenate(list(drawn), axis=1).reshape(*_several(n), *np.shape(x))

    def variants_batches(
        self,
        x: Any,
        *,
        node: str | None = None,
        n: int = 1,
        sharpen: int = 0,
        seed: int | None = None,
        readout: Readout | None = None,
        **settings: Any,
    ) -> Iterator[NDArray[Any]]:
        """Return an iterator over (n, at most 100, h, w, c): n variants of each image."""
        graph = configured(self.graph, settings, sharpen=sharpen)
        images = self.checked_images(x)
        name = graph.topmost() if node is None else node
        sampling.check_variants(graph, name)
        inpainting.check_request(n, fill=None)
        scheduler = self._scheduler(graph)
        signals = self._signals(scheduler, images)
        return sampling.variants(
            scheduler, signals, name, n=n, seed=self._seed(seed), readout=readout
        )

    def inpaint(
        self,
        x: Any,
        known: Any = None,
        *,
        node: str | None = None,
        n: int = 1,
        sharpen: int = 0,
        seed: int | None = None,
        fill: float | None = 0.0,
        readout: Readout | None = None,
        **settings: Any,
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
        fill : float or None
            What unknown pixels go up as (paper: 0); None integrates them out.
        sharpen, seed, readout, **settings
            As in `sample`.

        Returns
        -------
        array
            In the shape of `x`, or (n, *x.shape) where n is above 1.

        Raises
        ------
        RequestError
            The node cannot be sampled from.
        InputError
            The mask does not fit, or leaves nothing to complete or nothing to go by.
        """
        completed = self.inpaint_batches(
            x,
            known,
            node=node,
            n=n,
            sharpen=sharpen,
            seed=seed,
            fill=fill,
            readout=readout,
            **settings,
        )
        return np.concatenate(list(completed), axis=1).reshape(*_several(n), *np.shape(x))

    def inpaint_batches(
        self,
        x: Any,
        known: Any = None,
        *,
        node: str | None = None,
        n: int = 1,
        sharpen: int = 0,
        seed: int | None = None,
        fill: float | None = 0.0,
        readout: Readout | None = None,
        **settings: Any,
    ) -> Iterator[NDArray[Any]]:
        """Return an iterator over (n, at most 100, h, w, c): n completions of each image."""
        graph = configured(self.graph, settings, sharpen=sharpen)
        images = self.checked_images(x)
        keep = inpainting.kept(images, known)
        name = graph.topmost() if node is None else node
        sampling.check_variants(graph, name)
        inpainting.check_request(n, fill)
        return inpainting.inpaint(
            self._scheduler(graph),
            images,
            keep,
            node=name,
            n=n,
            seed=self._seed(seed),
            fill=fill,
            readout=readout,
        )

    def _seed(self, seed: int | None) -> int:
        return self.record.seed if seed is None else seed


def _several(n: int) -> tuple[int, ...]:
    return () if n == 1 else (n,)
