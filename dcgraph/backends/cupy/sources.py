"""The CUDA sources of this folder, and which instances of their kernels are used.

Nothing here needs CuPy or a device: tests compile and execute the same text without either.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

COMMON, ROWS, SETTLE = "common", "rows", "settle"
OPTIONS = ("--std=c++17",)
TYPES = {"float32": "float", "float64": "double", "bool": "bool"}
REAL = ("float", "double")
MASKED = ("false", "true")
COLUMNS = ("32", "64")
SLICES = ("1", "16")
"""Of parts, that are added side by side."""
TENSOR = tuple((columns, rows) for columns in ("2", "4", "5", "7", "8") for rows in ("1", "2"))
"""Components of a tile on tensor cores, by 8, and rows of a warp of it, by 16."""
NARROW = (
    *(("9", components) for components in ("16", "25", "36", "49")),
    ("16", "16"),
    ("16", "25"),
    ("27", "25"),
)
"""Dimensions of a row of a narrow mixture, and components of it, at most; small ones first."""


def instance(kernel: str, *arguments: str) -> str:
    """Return the expression that names an instance of a kernel, ``fold<float>``."""
    return f"{kernel}<{', '.join(arguments)}>"


def _instances(kernels: Sequence[str], *choices: Sequence[str]) -> tuple[str, ...]:
    rows: list[tuple[str, ...]] = [()]
    for choice in choices:
        rows = [(*row, option) for row in rows for option in choice]
    return tuple(instance(kernel, *row) for kernel in kernels for row in rows)


INSTANCES: dict[str, tuple[str, ...]] = {
    "fold": (
        *_instances(["fold"], tuple(TYPES.values())),
        *_instances(["fold_adjoint", "fold_mean"], REAL),
    ),
    "pool": _instances(["pool_max", "pool_spread", "pool_adjoint"], REAL),
    "scores": _instances(["mixture_scores"], REAL, MASKED, COLUMNS),
    "tensor": tuple(instance("mixture_tensor", *tiles) for tiles in TENSOR),
    "narrow": tuple(instance("mixture_narrow", "float", *most) for most in NARROW),
    "posterior": ("mixture_known", *_instances(["mixture_posterior", "mixture_settle"], REAL)),
    "sums": (*_instances(["mixture_sums"], REAL, MASKED), *_instances(["add_parts"], REAL, SLICES)),
    "update": _instances(["mixture_pack", "mixture_maximize", "running_mean"], REAL),
    "draw": _instances(["uniform", "normal", "categorical"], REAL),
}
"""By source: the expressions of the instances there are; each is compiled when it is first used."""

CAPABILITY = {"tensor": 80}
"""By source: the least compute capability, times ten, of a device that can run it."""

HEADERS: dict[str, tuple[str, ...]] = {
    "scores": (ROWS,),
    "tensor": (ROWS,),
    "narrow": (ROWS, SETTLE),
    "posterior": (ROWS, SETTLE),
    "sums": (ROWS,),
}
"""By source: what stands before it, after `common.cu`, which stands before all."""


@cache
def source_text(name: str) -> str:
    """Return a source, its headers before it; errors are told with the lines of the files."""
    folder = files(__package__)
    parts = []
    for part in (COMMON, *HEADERS.get(name, ()), name):
        text = folder.joinpath(f"{part}.cu").read_text(encoding="utf-8")
        parts.append(f'#line 1 "{part}.cu"\n{text}')
    return "\n".join(parts)
