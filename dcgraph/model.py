"""The Python face: train, load, and what a trained model can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dcgraph.backends.select import make_backend
from dcgraph.contracts.events import Observer
from dcgraph.data.dataset import Dataset, dataset_from_arrays, open_dataset
from dcgraph.data.directory import data_directory
from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph
from dcgraph.inference.drawer import Drawer
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
    backend : {"auto", "numpy", "cupy"}
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
    shape = graph[graph.entry].shape
    if data is not None:
        images, labels = data if isinstance(data, tuple) else (data, None)
        outliers = graph.data.outliers if graph.data is not None and labels is not None else ()
        classes = graph.data.classes if graph.data is not None and labels is not None else None
        return dataset_from_arrays(images, labels, shape, outliers=outliers, classes=classes)
    if graph.data is None:
        message = f"graph '{graph.name}' names no data: give it a data section, or images as `data`"
        raise RequestError(message, field="data")
    return open_dataset(graph.data, shape, data_directory(None))


class Model(Drawer):
    """A trained model; it can be pickled, and opens again on the backend that it asked for.

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
        self._again = partial(Model, backend=backend, threads=threads)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._again, (self.record,)

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
