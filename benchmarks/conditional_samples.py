"""How many samples drawn by label an independent classifier takes for that label.

    python benchmarks/conditional_samples.py runs/conditional-mnist-s0.h5

The judge is a multi-layer perceptron of scikit-learn, with one hidden layer of 256. It learns from
the training images of the model's data source alone, never from samples, and is told to be right on
test images first. It sees samples clipped to [0, 1], as pictures are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

import dcgraph
from dcgraph.data.dataset import Subset, open_dataset
from dcgraph.data.directory import data_directory


def rows_and_labels(subset: Subset) -> tuple[NDArray[np.float32], NDArray[np.integer]]:
    """Return flattened images (n, h w c), clipped, and their labels (n,)."""
    images = subset.read(np.arange(len(subset)))
    labels = subset.labels
    if labels is None:
        message = "the images have no labels: a judge cannot learn from them"
        raise SystemExit(message)
    return as_rows(images), labels


def as_rows(images: NDArray[np.float32]) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).clip(0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("-n", type=int, default=1000, help="samples, labels take turns")
    parser.add_argument("--seed", type=int, default=0, help="of samples and judge")
    parser.add_argument("--epochs", type=int, default=12, help="the judge's")
    parser.add_argument("--data-dir", type=Path)
    chosen = parser.parse_args()
    model = dcgraph.load(chosen.model)
    (entry,) = model.graph.inputs
    shape = model.graph[entry].shape
    data = open_dataset(model.graph.data, shape, data_directory(chosen.data_dir))
    rows, labels = rows_and_labels(data.train)
    judge = MLPClassifier(
        (256,), batch_size=100, max_iter=chosen.epochs, tol=0, random_state=chosen.seed
    )
    classes = np.unique(labels)
    for _ in range(chosen.epochs):
        judge.partial_fit(rows, labels, classes=classes)
    print(f"judge: {judge.score(*rows_and_labels(data.test)):.4f} of the test images")
    wanted = classes[np.arange(chosen.n) % len(classes)]
    taken = judge.predict(as_rows(model.sample(chosen.n, label=wanted, seed=chosen.seed)))
    print(f"samples: {np.mean(taken == wanted):.4f} of {chosen.n} recognised")
    print("| label | recognised | mostly taken for |")
    print("| ---: | ---: | --- |")
    for label in classes:
        found = taken[wanted == label]
        others = found[found != label]
        mistaken = str(np.bincount(others).argmax()) if len(others) else ""
        print(f"| {label} | {np.mean(found == label):.3f} | {mistaken} |")


if __name__ == "__main__":
    main()
