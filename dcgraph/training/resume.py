"""Whether a saved run and a request are of the same run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dcgraph.errors import RequestError
from dcgraph.graph.graph import Graph
from dcgraph.storage.record import ModelRecord


def check_same_run(record: ModelRecord, graph: Graph, digest: str | None, path: Path) -> None:
    """Refuse to continue a run with another graph, other data or another seed.

    Raises
    ------
    RequestError
        They differ; the message names the first field that does.
    """
    for field, saved, wanted in _differences(record.graph.document, graph.document):
        message = (
            f"cannot resume: it was trained with {field}: {saved}, received {wanted}; use the "
            "graph it was started with, or --overwrite or -o to start anew"
        )
        raise RequestError(message, file=path, field=field)
    saved_digest = record.provenance.get("data_digest")
    if digest is not None and saved_digest not in (None, digest):
        message = (
            "cannot resume: its training images are not those found now (their fingerprints "
            "differ); give the data it was started with, or --overwrite or -o to start anew"
        )
        raise RequestError(message, file=path, field="data")


def _differences(saved: Any, wanted: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (dotted path, saved, wanted) wherever two documents differ."""
    if isinstance(saved, Mapping) and isinstance(wanted, Mapping):
        for key in dict.fromkeys([*saved, *wanted]):
            deeper = f"{path}.{key}" if path else str(key)
            yield from _differences(saved.get(key), wanted.get(key), deeper)
    elif _plain(saved) != _plain(wanted):
        yield path, saved, wanted


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
