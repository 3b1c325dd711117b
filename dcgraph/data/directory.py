"""Where data sets lie."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "DCGRAPH_DATA"


def data_directory(given: Path | str | None = None) -> Path:
    """Return the data directory: the one given, else DCGRAPH_DATA, else the user's cache."""
    if given is not None:
        return Path(given).expanduser()
    from_environment = os.environ.get(VARIABLE)
    if from_environment:
        return Path(from_environment).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("dcgraph")
