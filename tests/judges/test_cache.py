"""Judges are trained once, and found again only where all is the same."""

from __future__ import annotations

import numpy as np
import pytest

from dcgraph.judges import cache
from dcgraph.judges.cnn import CnnSettings

QUICK = CnnSettings(epochs=1, limit=60, device="cpu")


@pytest.fixture
def trained(monkeypatch):
    """Count how often a judge is trained."""
    calls = []
    genuine = cache.train_cnn

    def counted(*arguments):
        calls.append(len(arguments[0]))
        return genuine(*arguments)

    monkeypatch.setattr(cache, "train_cnn", counted)
    return calls


def test_the_second_time_it_is_read(torch, digits, images, tmp_path, trained):
    first, second = (cache.judge_of(digits, QUICK, tmp_path) for _ in range(2))
    assert trained == [60]  # as many images as the limit says
    assert second.accuracy == first.accuracy
    np.testing.assert_array_equal(second.features(images[:9]), first.features(images[:9]))
    np.testing.assert_array_equal(second.predict(images[:9]), first.predict(images[:9]))


@pytest.mark.parametrize("length", [0, 9, 5000])
def test_a_damaged_file_is_made_again(torch, digits, tmp_path, trained, length):
    first = cache.judge_of(digits, QUICK, tmp_path)
    path = cache.judge_path(digits, QUICK, tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    second = cache.judge_of(digits, QUICK, tmp_path)
    assert trained == [60, 60]
    assert second.accuracy == first.accuracy


def test_the_name_holds_all_that_determines_a_judge_and_nothing_else(digits, tmp_path):
    def named(dataset=digits, **changes):
        return cache.judge_path(dataset, QUICK.model_copy(update=changes), tmp_path).name

    fewer = digits.__class__(digits.train.take(np.arange(99)), None, digits.test)
    names = [named(), named(epochs=2), named(seed=1), named(rate=0.1), named(limit=None)]
    assert len({*names, named(fewer)}) == 6
    assert named(device="cuda") == named()


def test_judges_lie_in_the_users_cache(digits, monkeypatch, tmp_path):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    assert cache.judge_path(digits, QUICK).parent == tmp_path / "dcgraph" / "judges"
