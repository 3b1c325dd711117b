"""Scalars of a run for TensorBoard: what every node reads, and what is measured on held-out images.

    pip install tensorboardX tensorboard
    dcgraph run dcgmm_e -p plugins/tensorboard.py
    tensorboard --logdir runs/tensorboard

A run's folder is called as its model file and lies in the folder that the environment variable
DCGRAPH_TENSORBOARD names (default: runs/tensorboard). A resumed run goes on with its curves. From
Python: ``dcgraph.train(graph, observers=[TensorBoard("curves")])``.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from dcgraph.api import (
    BatchEnded,
    Evaluated,
    Event,
    Failed,
    Finished,
    Observer,
    PluginError,
    Saved,
    Started,
    hookimpl,
)

__version__ = "1.0"

# Either has the same SummaryWriter.
WRITERS = {"tensorboardX": "tensorboardX", "torch.utils.tensorboard": "tensorboard"}
STAGES = ("waiting", "annealing", "converged", "frozen")


class TensorBoard(Observer):
    """Writes the readings of every node, and the metrics, as TensorBoard's event files.

    Parameters
    ----------
    directory : path, optional
        Where runs' folders lie; $DCGRAPH_TENSORBOARD or runs/tensorboard if absent.

    Raises
    ------
    PluginError
        No library that writes event files is installed.
    """

    type: ClassVar[str] = "tensorboard"

    def __init__(self, directory: str | Path | None = None) -> None:
        default = os.environ.get("DCGRAPH_TENSORBOARD") or Path("runs") / "tensorboard"
        self.directory = Path(default if directory is None else directory)
        self.name = "run"
        self.make_writer = _summary_writer()
        self.writer: Any = None

    def notify(self, event: Event) -> None:
        """Write what an event tells of."""
        match event:
            case Saved(path=path) if self.writer is None:
                self.name = path.stem
            case Started(step=step):
                # what an earlier run wrote beyond this step did not happen
                folder = str(self.directory / self.name)
                self.writer = self.make_writer(folder, purge_step=step + 1 if step else None)
            case BatchEnded(step=step, nodes=nodes):
                for node, reading in nodes.items():
                    stage = STAGES.index(reading.stage)
                    self.write(node, {**asdict(reading), "stage": stage}, step)
            case Evaluated(step=step, split=split, metrics=metrics):
                for node, values in metrics.items():
                    self.write(node, {f"{split}_{name}": v for name, v in values.items()}, step)
            case Finished() | Failed() if self.writer is not None:
                self.writer.close()
                self.writer = None

    def write(self, node: str, values: dict[str, float], step: int) -> None:
        """Add a point to the curve of each value."""
        for name, value in values.items():
            self.writer.add_scalar(f"{node}/{name}", value, step)


def _summary_writer() -> Any:
    for module, package in WRITERS.items():
        if find_spec(module.partition(".")[0]) is not None and find_spec(package) is not None:
            return import_module(module).SummaryWriter
    message = "nothing here writes TensorBoard's files: pip install tensorboardX"
    raise PluginError(message)


@hookimpl
def register_observers() -> list[type[Observer]]:
    """Return the observer of this file."""
    return [TensorBoard]
