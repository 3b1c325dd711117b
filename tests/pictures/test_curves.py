import io
import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from dcgraph.errors import InputError
from dcgraph.pictures.curves import histogram_figure, roc_figure


@pytest.fixture
def outliers(rng):
    return rng.uniform(size=200) < 0.3


@pytest.fixture
def scores(rng, outliers):
    return rng.normal(size=200) - 2 * outliers


def test_roc_states_the_area_and_draws_it(outliers, scores):
    figure = roc_figure(outliers, {"gmm1": scores, "chance": np.zeros(200)})
    (axes,) = figure.axes
    expected = roc_auc_score(outliers, -scores)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [f"gmm1, AUC {expected:.4f}", "chance, AUC 0.5000"]
    x, y = axes.lines[0].get_data()
    assert np.trapezoid(y, x) == pytest.approx(expected)
    figure.savefig(io.BytesIO(), format="png")


def test_the_histogram_counts_every_image(outliers, scores):
    (axes,) = histogram_figure(scores, bins=10).axes
    assert sum(bar.get_height() for bar in axes.patches) == 200
    assert axes.get_xlabel() == "log-likelihood (nats)"


def test_the_histogram_keeps_inliers_and_outliers_apart(outliers, scores):
    figure = histogram_figure(scores, outliers, label="max_component (nats)")
    (axes,) = figure.axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [f"{(~outliers).sum()} inliers", f"{outliers.sum()} outliers"]
    figure.savefig(io.BytesIO(), format="png")


@pytest.mark.parametrize("value", [True, False])
def test_roc_needs_both_kinds(scores, value):
    with pytest.raises(InputError, match="inliers and outliers"):
        roc_figure(np.full(200, value), {"gmm1": scores})


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_must_be_finite(outliers, scores, bad):
    scores[3] = bad
    with pytest.raises(InputError, match="199 of them finite"):
        roc_figure(outliers, {"gmm1": scores})
    with pytest.raises(InputError, match="199 of them finite"):
        histogram_figure(scores)


def test_scores_must_match_the_flags(outliers, scores):
    with pytest.raises(InputError, match=r"shape \(5,\)"):
        roc_figure(outliers, {"gmm1": scores[:5]})
    with pytest.raises(InputError, match=r"shape \(0,\)"):
        histogram_figure(scores[:0])


def test_no_global_figure_is_made():
    code = (
        "import sys, numpy as np\n"
        "from dcgraph.pictures.curves import histogram_figure\n"
        "assert 'matplotlib' not in sys.modules\n"
        "histogram_figure(np.arange(9.0))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
