from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from dcgraph.metrics.outliers import auc, auprc, fpr95


def brute_auc(outlier: np.ndarray, scores: np.ndarray) -> float:
    """Return the share of (outlier, inlier) pairs in which the outlier scores lower."""
    pairs = scores[outlier][:, None] - scores[~outlier][None, :]
    return float(((pairs < 0) + 0.5 * (pairs == 0)).mean())


@st.composite
def labelled_scores(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(2, 40))
    outlier = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    outlier[:2] = True, False
    # Few distinct values, so that ties occur.
    scores = np.array(draw(st.lists(st.integers(-4, 4), min_size=n, max_size=n)), float)
    return outlier, scores


class TestByHand:
    # From low to high: outlier, inlier, outlier, inlier, inlier.
    outlier = np.array([True, False, True, False, False])
    scores = np.array([-9.0, -5.0, -4.0, 1.0, 2.0])

    def test_auc(self) -> None:
        # 6 pairs; the outlier is higher in one of them.
        assert auc(self.outlier, self.scores) == pytest.approx(5 / 6)

    def test_auprc(self) -> None:
        # Precision 1 at the first outlier found, 2/3 at the second; each is half the recall.
        assert auprc(self.outlier, self.scores) == pytest.approx((1 + 2 / 3) / 2)

    def test_fpr95(self) -> None:
        # Both outliers must be found, which flags one of three inliers.
        assert fpr95(self.outlier, self.scores) == pytest.approx(1 / 3)


class TestExtremes:
    outlier = np.arange(10) < 4

    def test_outliers_that_all_score_lower_are_found_without_a_false_alarm(self) -> None:
        scores = np.arange(10.0)
        assert auc(self.outlier, scores) == 1
        assert auprc(self.outlier, scores) == 1
        assert fpr95(self.outlier, scores) == 0

    def test_outliers_that_all_score_higher_are_the_worst_case(self) -> None:
        scores = -np.arange(10.0)
        assert auc(self.outlier, scores) == 0
        assert fpr95(self.outlier, scores) == 1

    def test_equal_scores_are_chance(self) -> None:
        scores = np.zeros(10)
        assert auc(self.outlier, scores) == 0.5
        assert auprc(self.outlier, scores) == pytest.approx(0.4)
        assert fpr95(self.outlier, scores) == 1

    @pytest.mark.parametrize("metric", [auc, auprc, fpr95])
    @pytest.mark.parametrize("outlier", [np.zeros(3, bool), np.ones(3, bool)])
    def test_one_kind_of_image_alone_is_refused(
        self, metric: Callable[..., float], outlier: np.ndarray
    ) -> None:
        with pytest.raises(ValueError, match=r"needs both, received [03] outliers and [03] inlier"):
            metric(outlier, np.arange(3.0))


class TestAgainstOthers:
    @given(labelled_scores())
    def test_auc_is_the_share_of_pairs_in_order(self, case: tuple[np.ndarray, np.ndarray]) -> None:
        outlier, scores = case
        assert auc(outlier, scores) == pytest.approx(brute_auc(outlier, scores))
        assert auc(outlier, scores) == pytest.approx(roc_auc_score(outlier, -scores))

    @given(labelled_scores())
    def test_auprc_is_the_average_precision(self, case: tuple[np.ndarray, np.ndarray]) -> None:
        outlier, scores = case
        assert auprc(outlier, scores) == pytest.approx(average_precision_score(outlier, -scores))

    @given(labelled_scores())
    def test_fpr95_is_the_least_share_that_flags_enough_outliers(
        self, case: tuple[np.ndarray, np.ndarray]
    ) -> None:
        outlier, scores = case
        shares = [
            (scores[~outlier] <= threshold).mean()
            for threshold in np.unique(scores)
            if (scores[outlier] <= threshold).mean() >= 0.95
        ]
        assert fpr95(outlier, scores) == pytest.approx(min(shares))

    @given(labelled_scores(), st.floats(0.1, 10), st.floats(-5, 5))
    def test_only_the_order_of_scores_matters(
        self, case: tuple[np.ndarray, np.ndarray], slope: float, offset: float
    ) -> None:
        outlier, scores = case
        moved = slope * scores + offset
        for metric in (auc, auprc, fpr95):
            assert metric(outlier, moved) == pytest.approx(metric(outlier, scores))

    def test_float32_and_integer_flags_are_taken_as_they_are(self) -> None:
        outlier, scores = np.array([1, 0, 1, 0]), np.array([0, 1, 2, 3], np.float32)
        assert auc(outlier, scores) == 0.75
        assert isinstance(auc(outlier, scores), float)
