"""Export a model: all parameters as npz, or one mixture as a scikit-learn GaussianMixture.

The mixture is stored by joblib, and scores the rows that its node sees: of a node above a folding,
patches, flattened row by row. A node with parameters of its own at each position needs --position.

    python tools/export.py runs/quickstart-s0.h5 -o quickstart.npz
    python tools/export.py runs/quickstart-s0.h5 --mixture gmm1 -o gmm1.joblib
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from opening import opened, parser, run

from dcgraph.errors import RequestError
from dcgraph.pictures.files import replacing
from dcgraph.storage.record import ModelRecord

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture


def arrays_of(record: ModelRecord) -> dict[str, NDArray[Any]]:
    """Return every parameter, as node.name, and the graph's YAML text as "graph"."""
    arrays = {
        f"{name}.{key}": array
        for name, state in record.states.items()
        for key, array in state.parameters.items()
    }
    return {"graph": np.array(record.graph_text), **arrays}


def mixture_of(
    record: ModelRecord, node: str, position: tuple[int, int] | None = None
) -> GaussianMixture:
    """Return a node's mixture; its `score_samples` are the node's log-likelihoods.

    Parameters
    ----------
    position : (y, x) or None
        Of a node that does not share its parameters.

    Raises
    ------
    RequestError
        The node is no mixture, or has many.
    """
    from sklearn.mixture import GaussianMixture

    place = record.graph[node]
    if place.layer.type != "gmm":
        message = f"is a {place.layer.type} node, and only gmm nodes are mixtures"
        raise RequestError(message, node=node)
    parameters = record.states[node].parameters
    h, w, _ = place.shape
    sets = len(parameters["means"])
    y, x = position or (0, 0)
    if (sets > 1 and position is None) or not (0 <= y < h and 0 <= x < w):
        message = f"has {sets} mixtures: choose one by --position Y X, from 0 0 to {h - 1} {w - 1}"
        raise RequestError(message, node=node)
    index = y * w + x if sets > 1 else 0
    logits, means, roots = (
        parameters[key][index].astype(np.float64)
        for key in ("weight_logits", "means", "precision_sqrt")
    )
    weights = np.exp(logits - logits.max())
    made = GaussianMixture(len(means), covariance_type="diag")
    made.weights_ = weights / weights.sum()
    made.means_ = means
    made.covariances_ = roots**-2
    made.precisions_, made.precisions_cholesky_ = roots**2, roots
    made.n_features_in_ = means.shape[1]
    made.converged_, made.n_iter_ = record.complete, record.states[node].updates
    made.lower_bound_ = np.nan
    return made


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = parser(__doc__)
    options.add_argument("model")
    options.add_argument("--mixture", metavar="NODE", help="export this gmm node alone")
    options.add_argument("--position", type=int, nargs=2, metavar=("Y", "X"))
    options.add_argument("-o", "--output", type=Path, required=True)
    args = options.parse_args(arguments)
    record = opened(args.model, args)
    wanted = ".npz" if args.mixture is None else ".joblib"
    if args.output.suffix != wanted:
        message = f"the output must end in {wanted}, received '{args.output.name}'"
        raise RequestError(message)
    with replacing(args.output) as beside:
        if args.mixture is None:
            np.savez(beside, **arrays_of(record))
        else:
            import joblib

            position = None if args.position is None else tuple(args.position)
            joblib.dump(mixture_of(record, args.mixture, position), beside)
    print(args.output)
    return 0


if __name__ == "__main__":
    run(main)
