"""Seconds from the command to the first batch of a run, with MNIST.

DCGRAPH_DATA=... python benchmarks/startup.py [GRAPH]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

SCRIPT = """
import sys, time
from dcgraph.training.loop import Loop

def stop(loop, batch):
    import json
    heavy = {"sklearn", "scipy.stats", "matplotlib", "pandas"} & set(sys.modules)
    print(json.dumps({"cpu": time.process_time(), "imported": sorted(heavy)}), flush=True)
    sys.exit(0)

Loop._step = stop
from dcgraph.cli.main import main
main(sys.argv[1:])
"""


def main() -> None:
    graph = sys.argv[1] if len(sys.argv) > 1 else "dcgmm_e"
    with tempfile.TemporaryDirectory() as folder:
        command = ["run", graph, "--overwrite", "-q", "-o", str(Path(folder) / "model.h5")]
        seconds, found = [], ""
        for _ in range(5):
            began = perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", SCRIPT, *command],
                capture_output=True,
                text=True,
                check=False,
            )
            seconds.append(perf_counter() - began)
            found = done.stdout.strip() or done.stderr
    print(f"{graph}: {median(seconds):.2f} s ({min(seconds):.2f} at best); the last: {found}")


if __name__ == "__main__":
    main()
