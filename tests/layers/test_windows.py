"""Output sizes and coverage of sliding windows, counted position by position."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dcgraph.contracts.windows import most_windows, uncovered, window_counts

pairs = st.tuples(st.integers(1, 5), st.integers(1, 5))


def coverage_map(shape, kernel, stride, counts):
    covered = np.zeros(shape[:2], int)
    for y in range(counts[0]):
        for x in range(counts[1]):
            top, left = y * stride[0], x * stride[1]
            covered[top : top + kernel[0], left : left + kernel[1]] += 1
    return covered


@given(pairs, pairs, pairs, st.booleans())
def test_windows_fit_and_no_more_would(rest, kernel, stride, ceil):
    assume(not ceil or (stride[0] <= kernel[0] and stride[1] <= kernel[1]))
    shape = kernel[0] + rest[0] - 1, kernel[1] + rest[1] - 1, 2
    counts = window_counts(shape, kernel, stride, ceil=ceil)
    for i in (0, 1):
        last = (counts[i] - 1) * stride[i]
        if ceil:
            assert last < shape[i] <= last + kernel[i]
            # the window before the last does not reach the end
            assert counts[i] == 1 or last - stride[i] + kernel[i] < shape[i]
        else:
            assert last + kernel[i] <= shape[i] < last + stride[i] + kernel[i]
    covered = coverage_map(shape, kernel, stride, counts)
    assert uncovered(shape, kernel, stride, counts) == (covered == 0).sum()
    assert most_windows(shape, kernel, stride, counts) == covered.max()


@pytest.mark.parametrize("kernel", [(4, 1), (1, 6), (9, 9)])
def test_a_kernel_larger_than_the_input_is_refused(kernel):
    expected = rf"kernel {kernel[0]}x{kernel[1]} is larger than the input, 3x5"
    with pytest.raises(ValueError, match=expected):
        window_counts((3, 5, 1), kernel, (1, 1))
