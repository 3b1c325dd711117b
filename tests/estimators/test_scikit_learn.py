"""What scikit-learn asks of any estimator, and the company estimators keep."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import dcgraph

# Of the checks that scikit-learn has for these estimators, none had to be excused.
SMALL = [
    dcgraph.GaussianMixture(2),
    dcgraph.DCGMM(n_components=4, epochs=3),
    dcgraph.DCGMMClassifier(n_components=16, epochs=60),
]


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y


@parametrize_with_checks(SMALL)
def test_scikit_learn_checks_pass(estimator, check):
    check(estimator)


def test_density_feeds_a_linear_model_in_a_pipeline(digits):
    X, y = digits
    density = dcgraph.DCGMM("F(4,2)-G(16)", image_shape=(8, 8), epochs=5, random_state=0)
    model = make_pipeline(MinMaxScaler(), density, LogisticRegression(max_iter=1000))
    assert model.fit(X[:1200], y[:1200]).score(X[1200:], y[1200:]) > 0.8
    names = model[:-1].get_feature_names_out()
    assert len(names) == 3 * 3 * 16
    assert names[0] == "dcgmm0"


def test_grid_search_finds_the_components_of_clusters():
    rng = np.random.default_rng(0)
    centres = np.array([[-6, -6], [-6, 6], [6, -6], [6, 6]])
    X = np.concatenate([centre + rng.normal(size=(200, 2)) for centre in centres])
    search = GridSearchCV(
        dcgraph.GaussianMixture(random_state=0), {"n_components": [1, 2, 4]}, n_jobs=2
    )
    assert search.fit(rng.permutation(X)).best_params_ == {"n_components": 4}


@pytest.mark.parametrize("carry", ["pickle", "joblib"])
@pytest.mark.parametrize("name", ["GaussianMixture", "DCGMM", "DCGMMClassifier"])
def test_what_is_stored_scores_and_learns_on_as_before(digits, tmp_path, name, carry):
    X, y = digits
    model = getattr(dcgraph, name)(n_components=4, random_state=3)
    more = {"classes": np.arange(10)} if name == "DCGMMClassifier" else {}
    model.partial_fit(X[:500], y[:500], **more)
    if carry == "pickle":
        copy = pickle.loads(pickle.dumps(model))
    else:
        joblib.dump(model, tmp_path / "model.joblib")
        copy = joblib.load(tmp_path / "model.joblib")
    for each in (model, copy):
        each.partial_fit(X[500:900], y[500:900])
    look = "predict_proba" if name == "DCGMMClassifier" else "score_samples"
    np.testing.assert_array_equal(getattr(copy, look)(X), getattr(model, look)(X))


def test_a_clone_is_unfitted_and_learns_the_same(digits):
    X, _ = digits
    model = dcgraph.DCGMM(n_components=9, epochs=2, random_state=1).fit(X)
    twin = clone(model)
    assert not hasattr(twin, "model_")
    np.testing.assert_array_equal(twin.fit(X).score_samples(X), model.score_samples(X))


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"graph": "F(9)-G(4)", "image_shape": (8, 8)}, ValueError, "kernel"),
        ({"image_shape": (9, 8)}, ValueError, r"has 72 pixels, but X has 64 features"),
        ({"image_shape": (8,)}, ValueError, r"must be \(h, w\) or \(h, w, c\), received \(8,\)"),
        ({"graph": "dcgmm_e"}, ValueError, r"\(28, 28, 1\), but X has 64 features"),
        ({"n_components": 5}, ValueError, "4"),
        ({"contamination": 0.7}, ValueError, "contamination"),
        ({"overrides": ("gmm1.sigma=1",)}, ValueError, "sigma"),
        ({"graph": "F(8)-G(4)-C(3)", "image_shape": (8, 8)}, ValueError, "labels"),
    ],
)
def test_wrong_requests_are_answered_in_words(digits, parameters, error, message):
    with pytest.raises(error, match=message):
        dcgraph.DCGMM(**parameters).fit(digits[0])
