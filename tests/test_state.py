"""Arrays that stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
from builders import random_mixture

from dcgraph.layers.gmm.density import packed
from dcgraph.state import FixedArrays


def test_fixed_arrays_cannot_be_changed(rng):
    fixed = FixedArrays({"means": rng.random(3)})
    with pytest.raises(ValueError, match="read-only"):
        fixed["means"][0] = 1


def test_what_is_computed_of_fixed_arrays_is_kept_with_them(ops, rng):
    params = random_mixture(rng, components=4, dimensions=3)
    fixed = FixedArrays(params)
    first = packed(ops, fixed)
    assert packed(ops, fixed) is first
    np.testing.assert_array_equal(first.matrix, packed(ops, params).matrix)


def test_arrays_that_may_change_are_looked_at_every_time(ops, rng):
    params = random_mixture(rng, components=4, dimensions=3)
    before = packed(ops, params)
    params["means"] += 1
    assert not np.array_equal(packed(ops, params).matrix, before.matrix)
    fixed = FixedArrays(params)
    other = FixedArrays({**fixed, "means": params["means"] + 1})
    assert not np.array_equal(packed(ops, fixed).matrix, packed(ops, other).matrix)
