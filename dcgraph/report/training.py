"""The training curves of each node."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from dcgraph.errors import RequestError
from dcgraph.pictures.readings import QUANTITIES, draw_reading, has_begun
from dcgraph.report.inline import chart, theme
from dcgraph.report.subject import Subject

TITLE = "Training"
SIZE = (3.3, 2.1)  # inches


def content(subject: Subject) -> dict[str, Any]:
    """Return the charts of every node that has begun to learn.

    Raises
    ------
    RequestError
        None has.
    """
    record = subject.record
    nodes = [
        {"name": name, "charts": _charts(name, columns, record.total_steps, subject)}
        for name, columns in record.history.items()
        if has_begun(columns)
    ]
    if not nodes:
        message = "There are no curves yet: no node has begun to learn."
        raise RequestError(message)
    waiting = [
        name for name in record.graph.trainable if not has_begun(record.history.get(name, {}))
    ]
    return {"nodes": nodes, "waiting": waiting}


def _charts(
    name: str, columns: dict[str, list[float]], total: int, subject: Subject
) -> list[Markup]:
    node = subject.record.graph[name]
    smoothed = node.annealing is not None and node.annealing.smooths
    shown = {
        quantity: unit
        for quantity, unit in QUANTITIES.items()
        if node.is_density and (quantity != "sigma" or smoothed)
    } or {"loss": "loss (nats)"}
    return [_chart(name, columns, total, quantity, unit) for quantity, unit in shown.items()]


def _chart(
    name: str, columns: dict[str, list[float]], total: int, quantity: str, unit: str
) -> Markup:
    from matplotlib.figure import Figure

    first, last = columns[quantity][0], columns[quantity][-1]
    described = (
        f"{name}: {unit} over the steps of the run, from {first:.4g} at step "
        f"{columns['step'][0]} to {last:.4g} at step {columns['step'][-1]} of {total}"
    )
    with theme():
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.subplots()
        draw_reading(axes, columns, quantity, total)
        axes.set_title(unit, fontsize=9, loc="left")
        axes.set_xlabel("step")
        return chart(figure, f"{quantity}-{name}", described)
