"""What must hold between sections: data and input, data and classifier, sampling and graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dcgraph.contracts.layer import TrainableLayer
from dcgraph.contracts.windows import Sharpening
from dcgraph.graph.document import shown
from dcgraph.graph.drafts import Draft
from dcgraph.graph.faults import Faults
from dcgraph.graph.forward import Forward
from dcgraph.graph.sections import training_labels
from dcgraph.graph.specs import DataSpec
from dcgraph.plugin.registry import nearest
from dcgraph.signal import Shape


def check_images(
    drafts: Mapping[str, Draft], shapes: Mapping[str, Shape], data: DataSpec | None, faults: Faults
) -> None:
    """Note inputs whose shape is not that of the data."""
    if data is None or data.source.info.shape is None:
        return
    images = data.source.info.shape
    for name, draft in drafts.items():
        wanted = shapes.get(name)
        if not draft.is_input or wanted is None or wanted == images:
            continue
        source = f"data source '{data.source.type}'"
        if wanted[2] != images[2]:
            message = (
                f"{source} has images of shape {list(images)}, received {list(wanted)}: the last "
                f"number, of channels, must be {images[2]}"
            )
            faults.add(("nodes", name, "shape"), message)
        elif data.fit == "error":
            larger = wanted[0] >= images[0] and wanted[1] >= images[1]
            remedy = "fit: resize or fit: pad" if larger else "fit: resize"
            message = (
                f"{source} has images of shape {list(images)}, received {list(wanted)}: add "
                f"{remedy} to `data`, or change the shape"
            )
            faults.add(("nodes", name, "shape"), message)
        elif data.fit == "pad" and (wanted[0] < images[0] or wanted[1] < images[1]):
            message = (
                f"images of shape {list(images)} cannot be padded to {list(wanted)}: use "
                "fit: resize"
            )
            faults.add(("data", "fit"), message)


def check_labels(
    drafts: Mapping[str, Draft], shapes: Mapping[str, Shape], data: DataSpec | None, faults: Faults
) -> None:
    """Note nodes that learn labels which are not among their classes."""
    if data is None:
        return
    labels = training_labels(data, data.source.info.classes)
    for name, shape in shapes.items():
        layer = drafts[name].layer
        if layer is None or not labels:
            continue
        learns_them = isinstance(layer, TrainableLayer) and layer.uses_labels
        if not learns_them and layer.feeds != "labels":
            continue
        if max(labels) >= shape[2]:
            message = (
                f"the training images have labels up to {max(labels)}, received {shape[2]}: make "
                f"it at least {max(labels) + 1}, or leave labels out by data.classes"
            )
            faults.add(("nodes", name, "classes"), message)


def check_sharpening(drafts: Mapping[str, Draft], forward: Forward, faults: Faults) -> None:
    """Note sharpening without a density node above, and targets that are none."""
    for name in forward.order:
        layer = drafts[name].layer
        if layer is None or not isinstance(layer.sampling, Sharpening):
            continue
        target = layer.sampling.target
        above = (
            [
                other
                for other in forward.order
                if _is_density(drafts[other]) and name in _ancestors(other, forward)
            ]
            if target is not None or layer.sampling.sharpen
            else []
        )
        if target is None:
            if layer.sampling.sharpen and not above:
                message = "no node with a log-likelihood stands above, so there is no target"
                faults.add(("sampling", name, "sharpen"), message)
        elif target not in drafts:
            message = f"unknown node {shown(target)}{nearest(target, list(drafts))}"
            faults.add(("sampling", name, "target"), message)
        elif target not in above:
            listed = f": use {' or '.join(above)}" if above else ""
            message = f"'{target}' is no node with a log-likelihood above '{name}'{listed}"
            faults.add(("sampling", name, "target"), message)


def _is_density(draft: Draft) -> bool:
    return isinstance(draft.layer, TrainableLayer) and draft.layer.is_density


def _ancestors(name: str, forward: Forward) -> Iterable[str]:
    found: set[str] = set()
    left = list(forward.inputs[name])
    while left:
        other = left.pop()
        if other not in found:
            found.add(other)
            left.extend(forward.inputs[other])
    return found
