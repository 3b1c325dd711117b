"""The first steps of a published run: DCGMM-B's lower mixture, by its outlier script."""

from __future__ import annotations

import os
from math import log
from pathlib import Path

import numpy as np
import pytest

from dcgraph.data.dataset import open_dataset
from dcgraph.errors import DataMissingError
from dcgraph.graph.load import load_graph
from dcgraph.training.run import run

PUBLISHED = {25: -74.4, 125: -48.97, 225: -39.75}
STEPS, PER_EPOCH = 230, 541
# Six seeds: single batches deviate by 1.5 to 3.6 from their mean, which is 1.5 to 1.9 above.
SPREAD = 5.0


@pytest.mark.skipif("DCGRAPH_DATA" not in os.environ, reason="needs MNIST, see DCGRAPH_DATA")
def test_losses_follow_the_published_run():
    graph = load_graph("paper/dcgmm_b", overrides=[f"train.epochs={STEPS / PER_EPOCH}"])
    assert graph.data is not None
    try:
        data = open_dataset(graph.data, (28, 28, 1), Path(os.environ["DCGRAPH_DATA"]))
    except DataMissingError:
        pytest.skip("DCGRAPH_DATA holds no MNIST")
    history = run(graph, data).history["gmm1"]
    steps, losses = (np.array(history[column]) for column in ("step", "loss"))
    for step, published in PUBLISHED.items():
        near = losses[np.abs(steps - step) <= 5]
        assert len(near) >= 3
        # its weights are normalised over the 11 x 11 positions, too
        assert near.mean() - log(11 * 11) == pytest.approx(published, abs=SPREAD)
