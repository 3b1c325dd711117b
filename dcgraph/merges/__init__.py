"""The built-in merges."""

from dcgraph.contracts.merge import Merge
from dcgraph.merges.mean import Mean
from dcgraph.plugin.markers import hookimpl

__all__ = ["Mean"]


@hookimpl
def register_merges() -> list[type[Merge]]:
    """Return the built-in merges."""
    return [Mean]
