"""Names, versions and limits of a model file; `FORMAT.md` says the same in prose."""

from __future__ import annotations

FORMAT = "dcgraph-model"
FORMAT_VERSION = 1
LIBRARY = "v110"  # the oldest HDF5 library that reads it; its metadata carry checksums

GRAPH = "graph"
NODES = "nodes"
RUN = "run"
HISTORY = "history"
METRICS = "metrics"
PROVENANCE = "provenance"
CALIBRATION = "calibration"

MEMBERS = (GRAPH, NODES, RUN, HISTORY, METRICS, PROVENANCE, CALIBRATION)

# Every group says what it is, so that one can change without the others.
ENCODING = {
    NODES: ("nodes", 1),
    "node": ("node", 1),
    "parameters": ("arrays", 1),
    "optimizer": ("arrays", 1),
    "annealing": ("values", 1),
    RUN: ("run", 1),
    HISTORY: ("history", 1),
    "columns": ("columns", 1),
    METRICS: ("metrics", 1),
    "values": ("values", 1),
    PROVENANCE: ("values", 1),
    CALIBRATION: ("arrays", 1),
}
COLUMNS = ("step", "log_likelihood", "loss", "sigma", "active", "winner_entropy")
INTEGER_COLUMNS = frozenset({"step", "active"})

GRAPH_BYTES_MAX = 2**20
ATTRIBUTES_MAX = 256  # of one group
MEMBERS_MAX = 10_000  # of one group
OBJECTS_MAX = 100_000  # of one file
DEPTH_MAX = 3  # of groups: /nodes/<name>/parameters
TEXT_MAX = 60_000  # characters of an attribute
