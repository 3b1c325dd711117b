"""A program: make the slips of a group, one by one, and print those that nothing notices.

Each slip is tried in a process of its own, for it may well end it.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path

from emulation.device import EmulatedDevice
from emulation.kernel import FORWARD, SHUFFLED, EmulationError
from mutants import MUTANTS, Mutant
from probes import PROBES

from dcgraph.backends.cupy.backend import CupyBackend
from dcgraph.backends.cupy.sources import COMMON, HEADERS, source_text

SECONDS = 60  # more than this is a hang
SURVIVED, CAUGHT = 0, 1


def tampered(mutant: Mutant | None, name: str, text: str) -> str:
    """Return the text of a source, headers before it, with the slip in the part it is made in."""
    if mutant is None or mutant.source not in (name, COMMON, *HEADERS.get(name, ())):
        return text
    mark = f'#line 1 "{mutant.source}.cu"'
    before, _, rest = text.partition(mark)
    own, following, after = rest.partition("#line 1 ")
    return before + mark + mutant.apply(own) + following + after


def survives(source: str, mutant: Mutant | None, folder: Path) -> bool:
    """Return whether no probe notices the slip; the folder keeps what is compiled."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        device = EmulatedDevice(folder, (FORWARD, SHUFFLED), edit=partial(tampered, mutant))
        outcome = CAUGHT
        try:
            for probe in PROBES[source]:
                probe(CupyBackend(device))
            outcome = SURVIVED
        except (AssertionError, EmulationError):
            pass
        os._exit(outcome)
    _, status = os.waitpid(child, 0)
    return status == SURVIVED


def main(group: str) -> int:
    tried = MUTANTS[group]
    source = tried[0].source
    for mutant in tried:  # before any is tried: a slip that fits nowhere is a mistake here
        name = next((name for name, parts in HEADERS.items() if source in parts), source)
        name = "fold" if source == COMMON else name
        tampered(mutant, name, source_text(name))
    with tempfile.TemporaryDirectory() as folder:
        if not survives(source, None, Path(folder)):
            sys.stdout.write(f"{source}.cu fails as it is\n")
            return 1
        survivors = [str(mutant) for mutant in tried if survives(source, mutant, Path(folder))]
    sys.stdout.writelines(f"{survivor}\n" for survivor in survivors)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
