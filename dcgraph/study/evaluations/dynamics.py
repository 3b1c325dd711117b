"""How every node's log-likelihood on held-out images goes through the training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from dcgraph.study.evaluations.base import Arrays, Evaluation, Finding, Measured, Subject, stem

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Dynamics(Evaluation):
    """Log-likelihood over time, on held-out inliers and on training batches.

    Attributes
    ----------
    epochs_apart : float
        Epochs from one measurement to the next.
    """

    type = "dynamics"

    epochs_apart: Annotated[float, Field(gt=0)] = 0.05

    @property
    def every(self) -> float | None:
        return self.epochs_apart

    def measure(self, subject: Subject) -> Measured:
        record = subject.model.record
        per_epoch = record.step / record.epoch
        arrays: Arrays = {"epochs": np.asarray(subject.trace.steps) / per_epoch}
        for node in record.graph.density_nodes:
            seen = [metrics[node]["log_likelihood"] for metrics in subject.trace.metrics]
            history = record.history[node]
            arrays[f"{node}.held_out"] = np.asarray(seen)
            arrays[f"{node}.batch_epochs"] = np.asarray(history["step"]) / per_epoch
            arrays[f"{node}.batch"] = np.asarray(history["log_likelihood"])
            arrays[f"{node}.delay"] = np.asarray(_delay(record.graph[node].layer) * record.epoch)
        return Measured({}, arrays)

    def draw(self, found: Sequence[Finding]) -> Iterator[tuple[str, Figure]]:
        for each in found:
            yield stem("dynamics", each.graph, each.column), _figure(each)


def _delay(layer: object) -> float:
    return float(getattr(layer, "delay", 0.0))


def _figure(finding: Finding) -> Figure:
    from matplotlib.figure import Figure

    arrays = finding.arrays
    nodes = [name.removesuffix(".delay") for name in arrays if name.endswith(".delay")]
    figure = Figure(figsize=(6, 1.2 + 1.6 * len(nodes)), layout="constrained")
    figure.suptitle(f"{finding.graph}, {finding.column}")
    rows = figure.subplots(len(nodes), 1, sharex=True, squeeze=False)[:, 0]
    for axes, node in zip(rows, nodes, strict=True):
        axes.plot(
            arrays[f"{node}.batch_epochs"],
            arrays[f"{node}.batch"],
            color="0.7",
            linewidth=0.8,
            label="training batch",
        )
        axes.plot(arrays["epochs"], arrays[f"{node}.held_out"], label="held-out images")
        delay = float(arrays[f"{node}.delay"])
        if delay:
            axes.axvline(delay, color="0.4", linestyle="--", linewidth=0.8, label="starts to learn")
        axes.set_ylabel(f"{node} (nats)")
    rows[-1].legend(loc="lower right", fontsize="small")
    rows[-1].set_xlabel("epochs")
    return figure
