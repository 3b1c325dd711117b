"""A source of 2 GB is learned from in the memory that one of 60 MB takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

SHAPE = (32, 32, 3)
IMAGE_BYTES = 32 * 32 * 3 * 4
BUFFER = 16  # MB
WORK = """
import json, resource, sys, time
import numpy as np
from dcgraph.data.batches import epoch_batches
from dcgraph.data.dataset import open_dataset
from dcgraph.graph.specs import DataSpec
from dcgraph.sources import Hdf5

path, buffer, batches = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
spec = DataSpec(source=Hdf5(train=path, test=path, buffer=buffer), outliers=(0,))
data = open_dataset(spec, (32, 32, 3), None)
peaks, labels = [], []
for i, batch in enumerate(epoch_batches(data.train, 100, seed=0, epoch=0)):
    labels.append(len(np.unique(batch.labels)))
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if i + 1 == batches:
        break
print(json.dumps({"images": len(data.train), "peaks": peaks, "labels": labels}))
"""


def sparse_file(path: Path, n: int) -> Path:
    """Write a file of n images that are all alike and take no room on the disk."""
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "images",
            (n, *SHAPE),
            "f4",
            chunks=(4, *SHAPE),
            fillvalue=0.5,
        )
        file["labels"] = np.arange(n) * 10 // n  # sorted
    return path


def learn(path: Path, batches: int) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(path), str(BUFFER), str(batches)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory in kilobytes, as Linux")
def test_memory_does_not_grow_with_the_file(tmp_path):
    small = learn(sparse_file(tmp_path / "small.h5", 60 * 2**20 // IMAGE_BYTES), 40)
    large = learn(sparse_file(tmp_path / "large.h5", 2 * 2**30 // IMAGE_BYTES), 400)
    assert large["images"] * IMAGE_BYTES > 1.75 * 2**30
    assert large["peaks"][-1] - small["peaks"][-1] < 40
    # 400 batches are 470 MB, but once the buffer is full nothing is added
    assert large["peaks"][-1] - large["peaks"][100] < 8
    assert np.mean(large["labels"]) > 8  # of 9, though the file is sorted by label
