"""What can be asked of the models of a study, by name; one file each."""

from __future__ import annotations

from functools import lru_cache

from dcgraph.plugin.registry import Registry
from dcgraph.study.evaluations.alphabet import Alphabet
from dcgraph.study.evaluations.base import Evaluation
from dcgraph.study.evaluations.combined import Combined
from dcgraph.study.evaluations.dynamics import Dynamics
from dcgraph.study.evaluations.frechet import Frechet
from dcgraph.study.evaluations.inpainting import Inpainting
from dcgraph.study.evaluations.judged import Judged
from dcgraph.study.evaluations.metrics import Metrics
from dcgraph.study.evaluations.roc import Roc
from dcgraph.study.evaluations.samples import Samples
from dcgraph.study.evaluations.sharpening import Sharpening


@lru_cache
def evaluations() -> Registry[type[Evaluation]]:
    """Return all evaluations by name."""
    registry: Registry[type[Evaluation]] = Registry("evaluation")
    for kind in (
        Metrics,
        Combined,
        Roc,
        Dynamics,
        Samples,
        Sharpening,
        Inpainting,
        Alphabet,
        Judged,
        Frechet,
    ):
        registry.add(kind, "dcgraph")
    return registry
