"""The figures at the head of the page: what the model is, how far it is, how good it is."""

from __future__ import annotations

from typing import Any

from dcgraph.graph.estimate import estimate
from dcgraph.report.subject import Subject
from dcgraph.report.words import metric_name


def figures(subject: Subject) -> list[dict[str, str]]:
    """Return label, value and where it holds, of the figures that matter most."""
    record = subject.record
    graph = record.graph
    learn, parameters = len(graph.trainable), f"{estimate(graph).parameters:,}"
    shown = [
        {"label": "nodes", "value": str(len(graph.nodes)), "detail": f"{learn} learn"},
        {"label": "parameters", "value": parameters, "detail": "of all nodes"},
    ]
    measured_on = record.provenance.get("measured_on", "held-out images")
    top = graph.density_nodes[-1:]
    chosen = [*top, *(name for name in graph.trainable if name not in graph.density_nodes)]
    for node in chosen:
        metrics = record.metrics.get(node, {})
        for name in ("log_likelihood", "auc", "accuracy"):
            if name in metrics:
                form = ".2f" if name == "log_likelihood" else ".4f"
                unit = "nats, " if name == "log_likelihood" else ""
                shown.append(
                    {
                        "label": metric_name(name),
                        "value": format(metrics[name], form),
                        "detail": f"{unit}{node}, {measured_on}",
                    }
                )
    return shown


def run_state(subject: Subject) -> dict[str, Any]:
    """Return how far the run is: step, total, epochs, seed, whether it is complete."""
    record = subject.record
    return {
        "step": record.step,
        "total": record.total_steps,
        "epochs": f"{record.epoch:.3g} epoch{'' if record.epoch == 1 else 's'}",
        "seed": record.seed,
        "complete": record.complete,
    }
