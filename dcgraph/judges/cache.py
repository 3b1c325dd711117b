"""Judges are trained once for a data set and settings, and kept in the user's cache."""

from __future__ import annotations

import json
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np

from dcgraph.data.dataset import Dataset, Subset
from dcgraph.errors import RequestError
from dcgraph.judges.cnn import Cnn, CnnSettings, cnn_network, train_cnn
from dcgraph.judges.pytorch import device_of, placed, pytorch
from dcgraph.rng import stream
from dcgraph.storage.replace import replace_file

FORMAT_VERSION = 1


def judge_of(dataset: Dataset, settings: CnnSettings, folder: Path | None = None) -> Cnn:
    """Return the judge of a data set: read if it is kept, else trained and kept.

    Whoever else wants the same judge meanwhile waits for it.

    Parameters
    ----------
    dataset : Dataset
        All classes; its held-out images are what the accuracy is measured on.
    folder : Path or None
        Where judges lie; None: the user's cache.

    Raises
    ------
    RequestError
        PyTorch or its device is missing, or the images have no labels.
    """
    from filelock import FileLock

    device_of(settings.device)  # what is missing is told before anything else
    path = judge_path(dataset, settings, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock")):
        judge = _read(path, dataset, settings)
        if judge is None:
            judge = _trained(dataset, settings)
            replace_file(path, _encoded(judge))
    return judge


def judge_path(dataset: Dataset, settings: CnnSettings, folder: Path | None = None) -> Path:
    """Return the file of a judge; its name holds a fingerprint of all that determines it."""
    from dcgraph import __version__

    asked = settings.model_dump(mode="json", exclude={"device"})  # one device's serves another
    parts = [FORMAT_VERSION, __version__, dataset.digest, asked]
    digest = sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return (folder or _folder()) / f"cnn-{digest[:16]}.pt"


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("dcgraph") / "judges"


def _trained(dataset: Dataset, settings: CnnSettings) -> Cnn:
    train, (_, held_out) = dataset.train, dataset.held_out
    if held_out is None or held_out.labels is None:
        message = "a judge of samples is measured on held-out images with labels: there are none"
        raise RequestError(message)
    if settings.limit is not None and settings.limit < len(train):
        rng = stream(settings.seed, "judge", "limit")
        chosen = rng.choice(len(train), settings.limit, replace=False, shuffle=False)
        train = train.take(np.sort(chosen))
    measured = (_images(held_out), held_out.labels)
    return train_cnn(_images(train), train.labels, measured, settings)


def _images(subset: Subset) -> np.ndarray:
    return subset.read(np.arange(len(subset)))


def _encoded(judge: Cnn) -> memoryview:
    content = BytesIO()
    weights = {name: each.cpu() for name, each in judge.network.state_dict().items()}
    kept = {"weights": weights, "labels": judge.labels.tolist(), "accuracy": judge.accuracy}
    pytorch().save(kept, content)
    return content.getbuffer()


def _read(path: Path, dataset: Dataset, settings: CnnSettings) -> Cnn | None:
    """Return the judge of a file; None where there is none, or only a damaged one."""
    from pickle import UnpicklingError

    device = device_of(settings.device)
    try:
        kept = pytorch().load(path, map_location=device, weights_only=True)
        network = cnn_network(dataset.train.shape, len(kept["labels"]))
        network.load_state_dict(kept["weights"])
    except (OSError, EOFError, KeyError, TypeError, ValueError, RuntimeError, UnpicklingError):
        return None
    labels = np.asarray(kept["labels"], np.int64)
    return Cnn(placed(network, device), device, labels, float(kept["accuracy"]))
