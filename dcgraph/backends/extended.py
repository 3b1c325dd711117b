"""A backend with what plugins add to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from dcgraph.backends.contract import Backend, Record
from dcgraph.contracts.kernel import Fused, Fusion, Kernel


@dataclass(frozen=True)
class ExtendedBackend:
    """Another backend, of which some functions are replaced and some are new.

    Attributes
    ----------
    base : Backend
    replaced : mapping of str to callable
        By the name of the function.
    kernels, fusions : mappings
    record : Record or None
        As in `Backend`; None where one of the additions cannot be recorded.
    """

    base: Backend
    replaced: Mapping[str, Callable[..., Any]]
    kernels: Mapping[str, Callable[..., Any]]
    fusions: Mapping[tuple[str, ...], Fused]
    record: Record | None = None

    def __getattr__(self, name: str) -> Any:
        # What this class has not itself: the base's arrays, draws and functions.
        return self.replaced[name] if name in self.replaced else getattr(self.base, name)


def extended(base: Backend, additions: Iterable[Kernel | Fusion]) -> Backend:
    """Return the backend with those of the additions that are meant for it."""
    mine = [item for item in additions if item.backend == base.name]
    if not mine:
        return base
    kernels = [item for item in mine if isinstance(item, Kernel)]
    return cast(
        Backend,
        ExtendedBackend(
            base,
            {item.name: item.function for item in kernels if item.replaces},
            {**base.kernels, **{item.name: item.function for item in kernels if not item.replaces}},
            {
                **base.fusions,
                **{item.pattern: item.function for item in mine if isinstance(item, Fusion)},
            },
            base.record if all(item.recordable for item in mine) else None,
        ),
    )
