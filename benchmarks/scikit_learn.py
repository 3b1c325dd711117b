"""EM on DCGMM-A's problem: scikit-learn's GaussianMixture and dcgraph, from the same start.

    DCGRAPH_DATA=... python benchmarks/scikit_learn.py [ROWS] [ITERATIONS]

Rows are MNIST images with noise of standard deviation 0.1, so that neither program's floor of the
variances is reached and both maximise the same thing: with `loss: log_likelihood`, for the default
gives a row to its winner alone. All work on float32, on one thread. Times are processor seconds of
an EM iteration (E-step and M-step), medians; log-likelihoods are means in nats after it.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from paper_graphs import NOTATION
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from dcgraph.backends.numpy.backend import NumpyBackend
from dcgraph.data.dataset import open_dataset
from dcgraph.data.directory import data_directory
from dcgraph.engine.scheduler import Moment, Scheduler
from dcgraph.engine.upward import forward_plan, train_plan
from dcgraph.graph.graph import Graph
from dcgraph.plugin.manager import built_in_plugins
from dcgraph.storage.origin import graph_from
from dcgraph.training.start import new_record, on_device


def problem(rows: int, loss: str) -> tuple[Graph, np.ndarray[Any, Any]]:
    """Return DCGMM-A as plain EM takes it, and images (n, 28, 28, 1)."""
    settings = (
        "data.source=mnist",
        f"gmm1.loss={loss}",
        "gmm1.precision_max=1e6",
        "gmm1.annealing={type: off}",
        "gmm1.optimizer={type: em, rho_min: 1}",
    )
    graph = graph_from(NOTATION["A"], overrides=list(settings), plugins=built_in_plugins())
    assert graph.data is not None
    train = open_dataset(graph.data, (28, 28, 1), data_directory(None)).train
    images = train.read(np.arange(rows))
    noise = np.random.default_rng(0).normal(0, 0.1, images.shape)
    return graph, (images + noise).astype(np.float32)


class Theirs:
    """scikit-learn's mixture, an iteration at a time."""

    def __init__(self, x: np.ndarray[Any, Any], means: np.ndarray[Any, Any]) -> None:
        self.x = x
        self.model = GaussianMixture(len(means), covariance_type="diag", reg_covar=0)
        self.model.means_ = means
        self.model.weights_ = np.full(len(means), 1 / len(means), np.float32)
        self.model.covariances_ = np.full(means.shape, 0.1, np.float32)
        self.model.precisions_cholesky_ = self.model.covariances_**-0.5

    def iterate(self) -> None:
        _, log_resp = self.model._e_step(self.x)
        self.model._m_step(self.x, log_resp)

    def log_likelihood(self) -> float:
        return float(self.model.score_samples(self.x).mean())


class Ours:
    """DCGMM-A, an iteration at a time."""

    def __init__(
        self, graph: Graph, images: np.ndarray[Any, Any], means: np.ndarray[Any, Any]
    ) -> None:
        ops = NumpyBackend(1)
        state = on_device(new_record(graph, ops, steps_per_epoch=1).states, ops)["gmm1"]
        r = np.full((1, *means.shape), 0.1**-0.5, np.float32)
        parameters = {**state.parameters, "means": means[None], "precision_sqrt": r}
        self.scheduler = Scheduler(graph, ops, {"gmm1": replace(state, parameters=parameters)})
        self.feed = {"image": self.scheduler.signal(images)}
        self.train = train_plan(graph, active=frozenset({"gmm1"}), readings=False)
        self.look = forward_plan(graph, {"gmm1": frozenset({"log_likelihood"})})

    def iterate(self) -> None:
        self.scheduler.train(self.train, self.feed, None, Moment(1, 1))

    def log_likelihood(self) -> float:
        seen: Any = self.scheduler.forward(self.look, self.feed)["gmm1"].log_likelihood
        return float(seen.mean())


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    iterations = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    graph, images = problem(rows, "log_likelihood")
    x = images.reshape(rows, -1)
    means = x[:49].copy()
    programs = {
        "scikit-learn": Theirs(x, means),
        "dcgraph, posteriors": Ours(graph, images, means),
        "dcgraph, winners": Ours(problem(rows, "max_component")[0], images, means),
    }
    times: dict[str, list[float]] = {name: [] for name in programs}
    print("| iteration | " + " | ".join(programs) + " |\n" + "|---" * 4 + "|")
    with threadpool_limits(1):
        for iteration in range(1, iterations + 1):
            found = []
            for name, program in programs.items():
                began = process_time()
                program.iterate()
                times[name].append(process_time() - began)
                found.append(f"{program.log_likelihood():.2f}")
            print(f"| {iteration} | " + " | ".join(found) + " |")
    for name, seconds in times.items():
        print(f"{name}: {1e3 * median(seconds):.1f} ms an iteration on {rows} rows")


if __name__ == "__main__":
    main()
