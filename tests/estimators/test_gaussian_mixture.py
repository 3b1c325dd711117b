"""The mixture beside scikit-learn's, beside its own model, and on streams."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.mixture import GaussianMixture as FullEM

import dcgraph


def clusters(n: int, d: int, k: int, *, spread: float = 1.0) -> np.ndarray:
    X, _ = make_blobs(n, d, centers=k, cluster_std=spread, random_state=0)
    return X


def test_one_batch_is_full_em():
    X = clusters(2000, 5, 4)
    ours = dcgraph.GaussianMixture(4, random_state=0, tol=1e-9).fit(X)
    theirs = FullEM(4, covariance_type="diag", random_state=0, tol=1e-9).fit(X)
    order, other = (np.argsort(m.means_[:, 0]) for m in (ours, theirs))
    np.testing.assert_allclose(ours.means_[order], theirs.means_[other], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ours.covariances_[order], theirs.covariances_[other], rtol=1e-3)
    np.testing.assert_allclose(ours.weights_[order], theirs.weights_[other], rtol=1e-3)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), atol=1e-3)
    assert ours.bic(X) == pytest.approx(theirs.bic(X), rel=1e-5)
    assert ours.aic(X) == pytest.approx(theirs.aic(X), rel=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batches_come_within_a_hundredth_of_a_nat_of_full_em(dtype):
    X = clusters(20_000, 8, 6, spread=2.5).astype(dtype)
    ours = dcgraph.GaussianMixture(6, batch_size=1000, random_state=0).fit(X)
    theirs = FullEM(6, covariance_type="diag", means_init=ours.means_).fit(X)
    assert ours.score(X) == pytest.approx(theirs.score(X), abs=0.01)
    assert ours.means_.dtype == dtype


def test_a_stream_in_pieces_comes_near_what_full_em_finds():
    X = clusters(30_000, 4, 3, spread=1.5)
    ours = dcgraph.GaussianMixture(3, batch_size=500, random_state=0)
    for piece in np.array_split(X, 21):  # so that batches are short, too
        ours.partial_fit(piece, total_steps=60)
    theirs = FullEM(3, covariance_type="diag", means_init=ours.means_).fit(X)
    assert ours.score(X) == pytest.approx(theirs.score(X), abs=0.01)
    record = ours.model_.record
    assert record.complete
    assert record.step == record.total_steps > 60  # beyond the schedule it goes on


def test_scores_are_the_models_log_likelihood_and_responsibilities_its_activities():
    X = clusters(300, 3, 2)
    ours = dcgraph.GaussianMixture(2, random_state=0).fit(X)
    images = X[:, None, None]
    np.testing.assert_array_equal(ours.score_samples(X), ours.model_.log_likelihood(images))
    activity = ours.model_.activities(images, "mixture")
    np.testing.assert_array_equal(ours.predict_proba(X), activity[:, 0, 0])
    np.testing.assert_array_equal(ours.predict(X), activity[:, 0, 0].argmax(axis=1))


def test_the_model_file_holds_the_mixture(tmp_path):
    X = clusters(300, 3, 2)
    ours = dcgraph.GaussianMixture(2, random_state=0).partial_fit(X)
    ours.model_.save(tmp_path / "mixture.h5")
    again = dcgraph.load(tmp_path / "mixture.h5")
    np.testing.assert_array_equal(ours.score_samples(X), again.log_likelihood(X[:, None, None]))


def test_samples_have_the_moments_of_their_components():
    X = clusters(2000, 3, 3)
    ours = dcgraph.GaussianMixture(3, random_state=0).fit(X)
    rows, component = ours.sample(6000)
    assert rows.shape == (6000, 3)
    for k in range(3):
        mine = rows[component == k]
        assert len(mine) / 6000 == pytest.approx(ours.weights_[k], abs=0.03)
        np.testing.assert_allclose(mine.mean(axis=0), ours.means_[k], atol=0.1)
        np.testing.assert_allclose(mine.var(axis=0), ours.covariances_[k], rtol=0.15)


def test_far_means_in_single_precision_are_warned_of():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, (500, 1)), rng.normal(1e4, 1, (500, 1))], axis=1)
    with pytest.warns(UserWarning, match="standardize"):
        dcgraph.GaussianMixture(1).fit(X.astype(np.float32))
    fitted = dcgraph.GaussianMixture(1).fit(X)  # and double precision needs none
    np.testing.assert_allclose(fitted.covariances_[0], X.var(axis=0), rtol=1e-3)


def test_variances_beyond_the_bound_are_warned_of():
    X = np.random.default_rng(0).normal(0, 5000, (200, 2))
    with pytest.warns(UserWarning, match="upper bound"):
        dcgraph.GaussianMixture(1).fit(X)


def test_too_few_rows_are_refused():
    with pytest.raises(ValueError, match="n_samples = 3"):
        dcgraph.GaussianMixture(4).fit(np.eye(3))
