"""Errors that a layer, an optimizer or a kernel did not foresee: they are told with their node."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

from dcgraph.contracts.layer import Layer
from dcgraph.errors import DcgraphError, RunError


@dataclass(frozen=True, slots=True)
class NamedFailures:
    """A context in which a node does something.

    Attributes
    ----------
    node : str
    layer : Layer
    action : str
        That of the plan's step.
    """

    node: str
    layer: Layer
    action: str

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raise a `RunError` that names the node, in place of an error that knows nothing of it."""
        if not isinstance(error, Exception) or isinstance(error, DcgraphError | MemoryError):
            return
        message = (
            f"layer '{self.layer.type}' failed in a {self.action} step: "
            f"{type(error).__name__}: {error} (--debug shows where)"
        )
        raise RunError(message, node=self.node) from error
