"""How a node's training went, one quantity over the steps: columns in, a panel drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUANTITIES = {
    "log_likelihood": "log-likelihood (nats)",
    "sigma": "sigma (grid units)",
    "winner_entropy": "winner entropy (nats)",
}
"""From a column of a model's history to what stands at its axis."""


def has_begun(columns: Mapping[str, Sequence[float]]) -> bool:
    """Return whether a node has a reading of a time when it learned."""
    return any(columns.get("active", ()))


def draw_reading(
    axes: Axes, columns: Mapping[str, Sequence[float]], quantity: str, total_steps: int
) -> None:
    """Draw a column of a node's history; a dotted line shows where its delay ends.

    Parameters
    ----------
    columns : mapping of str to numbers
        Of equal length, "step" and "active" among them; the node has begun.
    total_steps : int
        Where the axis ends: how long the run takes.
    """
    from matplotlib.ticker import MaxNLocator

    steps = columns["step"]
    began = next(s for s, active in zip(steps, columns["active"], strict=True) if active)
    axes.plot(steps, columns[quantity], linewidth=1.2)
    axes.grid(visible=True, alpha=0.3)
    if began > steps[0]:
        axes.axvline(began, color="0.4", linewidth=0.8, linestyle=":")
    axes.set_xlim(0, total_steps)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if quantity == "sigma":
        axes.set_ylim(bottom=0)
