"""Where the model comes from: command, data, versions, machine."""

from __future__ import annotations

from typing import Any

from dcgraph.report.subject import Subject

TITLE = "Provenance"


def content(subject: Subject) -> dict[str, Any]:
    """Return what the model's file says of its origin, in the order of names."""
    record = subject.record
    return {
        "entries": {
            name.replace("_", " "): "not known" if value is None else str(value)
            for name, value in sorted(record.provenance.items())
        }
    }
