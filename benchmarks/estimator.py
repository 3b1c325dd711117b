"""`dcgraph.GaussianMixture` beside scikit-learn's full EM: time, memory and log-likelihood.

Both learn from the same rows of the same clusters, in one process, on as many threads, one after
the other, each to its own tolerance (1e-3); both scores are of 50,000 rows that neither has seen.

    python benchmarks/estimator.py --rows 200000 --components 16 64
"""

from __future__ import annotations

import argparse
import json
import time
import warnings

import numpy as np
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as FullEM
from threadpoolctl import threadpool_limits

import dcgraph

HELD_OUT = 50_000


def rows(n: int, features: int, clusters: int, spread: float, seed: int) -> np.ndarray:
    X, _ = make_blobs(
        n + HELD_OUT, features, centers=clusters, cluster_std=spread, random_state=seed
    )
    return X.astype(np.float32)


def measured(model, X: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    began = time.perf_counter()
    model.fit(X)
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    score = model.score(held_out)
    return {
        "seconds": round(seconds, 2),
        "iterations": int(model.n_iter_),
        "log_likelihood": round(float(score), 4),
        "score_seconds": round(time.perf_counter() - began, 3),
    }


def compared(X: np.ndarray, held_out: np.ndarray, components: int, args) -> dict:
    ours = dcgraph.GaussianMixture(components, random_state=args.seed, n_jobs=args.threads)
    theirs = FullEM(components, covariance_type="diag", random_state=args.seed)
    with threadpool_limits(args.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        row = {"components": components, "dcgraph": measured(ours, X, held_out)}
        row["scikit_learn"] = measured(theirs, X, held_out)
        # where full EM goes from our means: what the batches have left to gain
        theirs.set_params(means_init=ours.means_, max_iter=100)
        row["full_em_from_our_means"] = measured(theirs, X, held_out)
    row["times_faster"] = round(row["scikit_learn"]["seconds"] / row["dcgraph"]["seconds"], 2)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--components", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--clusters", type=int, help="in the data (default: as many as components)")
    parser.add_argument("--spread", type=float, default=4.0, help="standard deviation of a cluster")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for components in args.components:
        X = rows(args.rows, args.features, args.clusters or components, args.spread, args.seed)
        row = compared(X[HELD_OUT:], X[:HELD_OUT], components, args)
        print(json.dumps({"rows": args.rows, "features": args.features, **row}), flush=True)


if __name__ == "__main__":
    main()
