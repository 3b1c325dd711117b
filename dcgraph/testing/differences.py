"""Gradients held against central differences, in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def central_differences(
    function: Callable[[NDArray[np.float64]], Any], x: NDArray[np.float64], width: float = 1e-6
) -> NDArray[np.float64]:
    """Return d/dx of a function that returns a number, an element at a time.

    Parameters
    ----------
    x : array of float64, any shape
    width : float
        Step to both sides.
    """
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        values = []
        for sign in (1, -1):
            moved = x.copy()
            moved[index] += sign * width
            values.append(float(function(moved)))
        gradient[index] = (values[0] - values[1]) / (2 * width)
    return gradient


def assert_gradient(
    gradient: Any,
    function: Callable[[NDArray[np.float64]], Any],
    x: NDArray[np.float64],
    *,
    tolerance: float = 1e-6,
    what: str = "",
) -> None:
    """Fail unless `gradient` is that of the function at x.

    Parameters
    ----------
    what : str
        What to call it in the message.
    """
    expected = central_differences(function, x)
    np.testing.assert_allclose(
        gradient, expected, rtol=tolerance, atol=tolerance, err_msg=f"the gradient {what}"
    )
