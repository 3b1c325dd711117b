"""Executes one run, wherever it is: in a worker process, or on a cluster."""

from __future__ import annotations

import platform
import traceback
from datetime import UTC, datetime
from logging import getLogger
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgraph.data.dataset import Dataset, Subset, open_dataset
from dcgraph.data.directory import data_directory
from dcgraph.errors import DcgraphError, RequestError
from dcgraph.graph.graph import Graph
from dcgraph.graph.load import graph_from_document
from dcgraph.model import Model
from dcgraph.plugin.load import plugins_from
from dcgraph.plugin.manager import Plugins
from dcgraph.rng import stream
from dcgraph.study.evaluations.base import Arrays, Subject, Trace, Values, images_of
from dcgraph.study.evaluations.metrics import Metrics
from dcgraph.study.run import Outcome, Result, Run
from dcgraph.training.run import run as train

THREADS = 1  # of a run: results must not depend on how many others share the machine
LOGGER = getLogger("dcgraph.study")


def execute(run: Run) -> Outcome:
    """Return how a run ended; whatever goes wrong in it becomes a sentence."""
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(THREADS):
            return Outcome(run, _result(run))
    except DcgraphError as error:
        return Outcome(run, error=str(error))
    except MemoryError:
        return Outcome(run, error="there is not enough memory: use fewer --workers")
    except Exception as error:
        LOGGER.debug("%s", traceback.format_exc())
        return Outcome(run, error=f"{type(error).__name__}: {error}")


def _result(run: Run) -> Result:
    began = monotonic()
    plugins = plugins_from(run.plugin_files)
    graph = graph_from_document(run.document, plugins=plugins)
    dataset = opened(run, graph)
    nodes: tuple[str, ...] = ()
    arrays: dict[str, Arrays] = {}
    if run.anchor is not None:
        values = _anchored(run, dataset, plugins)
    else:
        nodes = tuple(graph.nodes)
        values, arrays = _trained(run, graph, dataset, plugins)
    return Result(
        nodes=nodes,
        values=values,
        arrays=arrays,
        seconds=round(monotonic() - began, 3),
        machine=machine(),
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
    shape = graph[graph.entry].shape
    dataset = open_dataset(graph.data, shape, data_directory(run.data_directory))
    if dataset.held_out[1] is None or not len(dataset.held_out[1]):
        message = "there are no held-out images to measure the run on"
        raise RequestError(message)
    return dataset


def _trained(
    run: Run, graph: Graph, dataset: Dataset, plugins: Plugins
) -> tuple[Values, dict[str, Arrays]]:
    trace = Trace()
    wanted = [each.every for each in run.evaluations if each.every is not None]
    record = train(
        graph,
        dataset,
        backend="numpy",
        threads=THREADS,
        observers=[trace],
        evaluate_every=min(wanted, default=None),
        plugins=plugins,
    )
    subject = Subject(Model(record, backend="numpy", threads=THREADS), dataset, trace, plugins)
    values: Values = {}
    arrays: dict[str, Arrays] = {}
    for evaluation in run.evaluations:
        measured = evaluation.measure(subject)
        for node, found in measured.values.items():
            values.setdefault(node, {}).update(found)
        arrays[evaluation.type] = measured.arrays
    return values, arrays


def _anchored(run: Run, dataset: Dataset, plugins: Plugins) -> Values:
    """Return what a trivial method is worth on the same images."""
    anchor = run.anchor
    assert anchor is not None  # the caller knows
    _, test = dataset.held_out
    assert test is not None  # `opened` has looked
    train = dataset.train
    if anchor.limit is not None and anchor.limit < len(train):
        rng = stream(run.seed, "study", "anchor")
        chosen = rng.choice(len(train), anchor.limit, replace=False, shuffle=False)
        train = train.take(np.sort(chosen))
    answer = anchor.answer(_rows(train), train.labels, _rows(test), seed=run.seed)
    inlier = np.ones(len(test), bool) if test.outlier is None else ~test.outlier
    names = [name for each in run.evaluations if isinstance(each, Metrics) for name in each.names]
    found: dict[str, float] = {}
    for name in names:
        if name not in plugins.metrics:  # of likelihoods, which anchors have not
            continue
        metric = plugins.metrics[name]
        if metric.of != anchor.of:
            continue
        if metric.of == "scores":
            found[name] = float(metric.function(~inlier, answer))
        elif test.labels is not None:
            found[name] = float(metric.function(test.labels[inlier], answer[inlier]))
    return {"": found}


def _rows(subset: Subset) -> NDArray[Any]:
    return images_of(subset).reshape(len(subset), -1)


def _versions() -> str:
    from dcgraph import __version__

    python = platform.python_version()
    return f"dcgraph {__version__}, Python {python}, NumPy {np.__version__}"


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
