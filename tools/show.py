"""Show what is in a model file: every array with its statistics, how far the run is, provenance.

python tools/show.py runs/quickstart-s0.h5
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from opening import opened, parser, run
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from dcgraph.storage.record import ModelRecord


def statistics(array: NDArray[np.floating]) -> str:
    """Return shape, type, range and mean of an array, on one line."""
    shape = "x".join(map(str, array.shape)) or "one number"
    values = array.astype(np.float64)
    spread = f"{values.min():.4g} to {values.max():.4g}, mean {values.mean():.4g}"
    return f"{shape} {array.dtype}: {spread}, sd {values.std():.4g}"


def tree_of(record: ModelRecord, title: str) -> Tree:
    """Return all that a record holds, as a tree."""
    state = "complete" if record.complete else f"step {record.step} of {record.total_steps}"
    root = Tree(f"{escape(title)}: {record.graph.name}, seed {record.seed}, {state}")
    nodes = root.add("nodes")
    for name, node in record.graph.nodes.items():
        inputs = f" of {', '.join(node.inputs)}" if node.inputs else ""
        shape = "x".join(map(str, node.shape))
        branch = nodes.add(f"{name}: {node.layer.type}{inputs}, {shape}")
        if name not in record.states:
            continue
        held = record.states[name]
        for kind, arrays in (("parameters", held.parameters), ("optimizer", held.optimizer)):
            if arrays:
                inner = branch.add(kind)
                for key, array in arrays.items():
                    inner.add(f"{key} {statistics(array)}")
        schedule = ", ".join(f"{key} {value:.4g}" for key, value in held.annealing.items())
        branch.add(f"{held.updates} updates{'; annealing: ' if schedule else ''}{schedule}")
    if record.metrics:
        metrics = root.add("metrics")
        for name, values in record.metrics.items():
            metrics.add(f"{name}: " + ", ".join(f"{key} {v:.4f}" for key, v in values.items()))
    if record.calibration:
        calibration = root.add("calibration: log-likelihood of training images, nats")
        for name, quantiles in record.calibration.items():
            low, middle, high = np.interp([0.05, 0.5, 0.95], *_cumulative(quantiles))
            calibration.add(f"{name}: 5 % {low:.4g}, median {middle:.4g}, 95 % {high:.4g}")
    if record.history:
        lengths = {len(columns["step"]) for columns in record.history.values()}
        root.add(f"history: {max(lengths)} readings of {', '.join(record.history)}")
    provenance = root.add("provenance")
    for key, value in record.provenance.items():
        provenance.add(escape(f"{key}: {value}"))
    return root


def _cumulative(quantiles: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    return np.linspace(0, 1, len(quantiles)), quantiles


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = parser(__doc__)
    options.add_argument("model")
    args = options.parse_args(arguments)
    # a pipe has no width to cut lines to
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 1000)
    console.print(tree_of(opened(args.model, args), args.model))
    return 0


if __name__ == "__main__":
    run(main)
