"""Trivial methods on the same images: what any model has to beat.

Each sees the same training images and the same test images as the models do.
"""

from __future__ import annotations

from functools import lru_cache

from dcgraph.plugin.registry import Registry
from dcgraph.study.anchors.base import Anchor
from dcgraph.study.anchors.predictions import Logistic, Majority, NearestLabel
from dcgraph.study.anchors.samples import HeldOutImages, OneImage, TrainingImages, Vae
from dcgraph.study.anchors.scores import (
    Brightness,
    Forest,
    MeanImage,
    Mixture,
    NearestNeighbour,
)


@lru_cache
def anchors() -> Registry[type[Anchor]]:
    """Return all anchors by name."""
    registry: Registry[type[Anchor]] = Registry("anchor")
    for kind in (
        Brightness,
        MeanImage,
        NearestNeighbour,
        Mixture,
        Forest,
        Majority,
        NearestLabel,
        Logistic,
        TrainingImages,
        HeldOutImages,
        OneImage,
        Vae,
    ):
        registry.add(kind, "dcgraph")
    return registry
