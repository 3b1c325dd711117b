"""Executes one run, wherever it is: in a worker process, or on a cluster."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from logging import getLogger
from time import monotonic

import numpy as np

from dcgraph.backends.select import description, release
from dcgraph.data.dataset import Dataset, open_dataset
from dcgraph.data.directory import data_directory
from dcgraph.errors import DcgraphError, RequestError
from dcgraph.graph.graph import Graph
from dcgraph.graph.load import graph_from_document
from dcgraph.graph.specs import DataSpec
from dcgraph.model import Model
from dcgraph.plugin.load import plugins_from
from dcgraph.plugin.manager import Plugins
from dcgraph.study.anchored import measured
from dcgraph.study.evaluations.base import Arrays, Subject, Trace, Values
from dcgraph.study.run import Outcome, Result, Run
from dcgraph.training.run import run as train

THREADS = 1  # of a run: results must not depend on how many others share the machine
LOGGER = getLogger("dcgraph.study")


def execute(run: Run) -> Outcome:
    """Return how a run ended; whatever goes wrong in it becomes a sentence.

    Memory of a device that it has used is free for other processes then.
    """
    outcome = _attempt(run)
    # only now: while an exception is handled, its traceback holds the run's arrays
    return outcome if _given_back(run.backend) else replace(outcome, spent=True)


def _attempt(run: Run) -> Outcome:
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(THREADS):
            return Outcome(run, _result(run))
    except DcgraphError as error:
        return Outcome(run, error=str(error))
    except MemoryError as error:  # CuPy's is one, and says of how much
        LOGGER.debug("%s", error)
        what = "memory" if run.kind == "numpy" else "memory here or on the device"
        return Outcome(run, error=f"there is not enough {what}: use fewer --workers")
    except Exception as error:
        LOGGER.debug("%s", traceback.format_exc())
        return Outcome(run, error=f"{type(error).__name__}: {error}")


def _given_back(backend: str) -> bool:
    """Give a device's unused memory back; return whether the device still works."""
    try:
        release(backend)
    except Exception:
        LOGGER.debug("%s", traceback.format_exc())
        return False
    return True


def _result(run: Run) -> Result:
    began = monotonic()
    plugins = plugins_from(run.plugin_files)
    graph = graph_from_document(run.document, plugins=plugins)
    dataset = opened(run, graph)
    nodes: tuple[str, ...] = ()
    arrays: dict[str, Arrays] = {}
    if run.anchor is not None:
        values, arrays = measured(run, dataset, plugins, partial(_whole, run, graph))
    else:
        nodes = tuple(graph.nodes)
        values, arrays = _trained(run, graph, dataset, plugins)
    return Result(
        nodes=nodes,
        values=values,
        arrays=arrays,
        seconds=round(monotonic() - began, 3),
        machine=", ".join((machine(), *_device(run))),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=_versions(),
    )


def opened(run: Run, graph: Graph) -> Dataset:
    """Return the images of a run.

    Raises
    ------
    DataError
        They are missing, or do not fit.
    """
    assert graph.data is not None  # every column names a source
    dataset = _opened(run, graph, graph.data)
    if dataset.held_out[1] is None or not len(dataset.held_out[1]):
        message = "there are no held-out images to measure the run on"
        raise RequestError(message)
    return dataset


def _opened(run: Run, graph: Graph, data: DataSpec) -> Dataset:
    return open_dataset(data, graph[graph.entry].shape, data_directory(run.data_directory))


def _whole(run: Run, graph: Graph) -> Dataset:
    """Return the data set of a run with all its classes, and all their training images."""
    assert graph.data is not None  # every column names a source
    everything = {"classes": None, "outliers": (), "limit": None}
    return _opened(run, graph, graph.data.model_copy(update=everything))


def _trained(
    run: Run, graph: Graph, dataset: Dataset, plugins: Plugins
) -> tuple[Values, dict[str, Arrays]]:
    trace = Trace()
    wanted = [each.every for each in run.evaluations if each.every is not None]
    record = train(
        graph,
        dataset,
        backend=run.backend,
        threads=THREADS,
        observers=[trace],
        evaluate_every=min(wanted, default=None),
        plugins=plugins,
    )
    model = Model(record, backend=run.backend, threads=THREADS)
    subject = Subject(model, dataset, trace, plugins, partial(_whole, run, graph))
    values: Values = {}
    arrays: dict[str, Arrays] = {}
    for evaluation in run.evaluations:
        measured = evaluation.measure(subject)
        for node, found in measured.values.items():
            values.setdefault(node, {}).update(found)
        arrays[evaluation.type] = measured.arrays
    return values, arrays


def _versions() -> str:
    from dcgraph import __version__

    python = platform.python_version()
    return f"dcgraph {__version__}, Python {python}, NumPy {np.__version__}"


def _device(run: Run) -> Iterator[str]:
    """Yield what a run's device is, if it has computed on one."""
    if run.kind != "numpy":
        yield description(run.backend)


def machine() -> str:
    """Return what this machine is, in words."""
    import os

    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - not a regular file
            for line in lines:
                if line.startswith("model name"):
                    name = line.partition(":")[2].strip()
                    break
    except OSError:
        pass  # not Linux: the shorter name will do
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"
