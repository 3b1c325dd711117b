"""What scikit-learn's usual parameters mean to a run."""

from __future__ import annotations

from numbers import Integral
from typing import Any


def seed_of(random_state: Any) -> int:
    """Return a run's seed: an integer as it is, else one that is drawn."""
    if isinstance(random_state, Integral):
        return int(random_state)
    from sklearn.utils import check_random_state

    return int(check_random_state(random_state).randint(2**31 - 1))


def threads_of(n_jobs: int | None) -> int:
    """Return how many threads matrix products take: 1 for None, all processors for -1."""
    from joblib import effective_n_jobs  # type: ignore[import-untyped]

    return int(effective_n_jobs(n_jobs))
