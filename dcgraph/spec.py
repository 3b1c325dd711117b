"""What every settings class shares: frozen, strict, no unknown keys."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Spec(BaseModel):
    """Base of layers, optimizers, schedules, sources: validated settings that never change.

    The fields are the keys a graph file may use.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, serialize_by_alias=True
    )


def _as_pair(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    if isinstance(value, list):
        return tuple(value)
    return value


Positive = Annotated[int, Field(ge=1)]
Size = Annotated[
    tuple[Positive, Positive],
    BeforeValidator(_as_pair, json_schema_input_type=Positive | tuple[Positive, Positive]),
]
"""Height and width, (h, w); an int stands for a square."""
