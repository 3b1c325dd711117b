"""Say in what two models differ: graph and settings, parameters, scores.

Like diff, it exits with 0 where they are the same, 1 where they differ, 2 in trouble.

    python tools/diff.py runs/quickstart-s0.h5 runs/quickstart-s1.h5
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from opening import opened, parser, run

from dcgraph.storage.record import ModelRecord

MISSING = "(none)"


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted path, value) of all that is not a mapping."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, list(value) if isinstance(value, tuple) else value


def differing(first: Any, second: Any) -> list[str]:
    """Return a line for each place where two mappings differ."""
    one, other = dict(flat(first)), dict(flat(second))
    return [
        f"{place}: {one.get(place, MISSING)} | {other.get(place, MISSING)}"
        for place in dict.fromkeys([*one, *other])
        if one.get(place, MISSING) != other.get(place, MISSING)
    ]


def parameters(first: ModelRecord, second: ModelRecord) -> list[str]:
    """Return a line for each parameter that differs, with how much."""
    lines = []
    for name in dict.fromkeys([*first.states, *second.states]):
        one, other = (
            each.states[name].parameters if name in each.states else {} for each in (first, second)
        )
        for key in dict.fromkeys([*one, *other]):
            place = f"{name}.{key}"
            if key not in one or key not in other:
                lines.append(f"{place}: only in the {'first' if key in one else 'second'}")
            elif one[key].shape != other[key].shape:
                lines.append(f"{place}: shape {one[key].shape} | {other[key].shape}")
            elif not np.array_equal(one[key], other[key]):
                gap = np.abs(one[key].astype(np.float64) - other[key])
                size = np.sqrt(np.mean(one[key].astype(np.float64) ** 2))
                lines.append(
                    f"{place}: largest difference {gap.max():.4g}, root mean square "
                    f"{np.sqrt((gap**2).mean()):.4g} (of values of {size:.4g})"
                )
    return lines


def sections(first: ModelRecord, second: ModelRecord) -> dict[str, list[str]]:
    """Return what differs, by section."""
    runs = [
        {"seed": r.seed, "step": r.step, "total_steps": r.total_steps, "complete": r.complete}
        for r in (first, second)
    ]
    medians = [
        {node: float(np.median(quantiles)) for node, quantiles in r.calibration.items()}
        for r in (first, second)
    ]
    return {
        "graph and settings": differing(first.graph.document, second.graph.document),
        "run": differing(*runs),
        "parameters": parameters(first, second),
        "scores": differing(first.metrics, second.metrics),
        "median log-likelihood of training images": differing(*medians),
        "provenance": differing(first.provenance, second.provenance),
    }


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = parser(__doc__)
    options.add_argument("first")
    options.add_argument("second")
    args = options.parse_args(arguments)
    found = sections(opened(args.first, args), opened(args.second, args))
    differ = False
    for title, lines in found.items():
        if lines:
            print(f"{title}:")
            for line in lines:
                print(f"  {line}")
            # two runs of one command differ in when they were
            differ |= title != "provenance"
    if not differ:
        print("the models are the same")
    return int(differ)


if __name__ == "__main__":
    run(main)
