"""Damaged HDF5 structures under a right checksum, which only someone who wants it can make.

The HDF5 library may crash or hang on such bytes (`FORMAT.md` says what that means). Where it does
not, dcgraph answers with a model or with one sentence.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from model_files import write_tiny

MUTATIONS = 100
SCRIPT = """
import json, os, random, resource, signal, sys
from io import BytesIO
from pathlib import Path

from dcgraph.errors import ModelFileError
from dcgraph.storage.read import read_model
from dcgraph.storage.seal import USER_BLOCK, seal

sound, number = Path(sys.argv[1]), int(sys.argv[2])
read_model(sound)  # imports once what every child needs
content, draw, outcomes = sound.read_bytes(), random.Random(0), []
used = [at for at in range(USER_BLOCK, len(content)) if content[at]]
for _ in range(number):
    changed = bytearray(content)
    for _ in range(draw.choice([1, 1, 4])):
        at = draw.choice(used)
        changed[at] = draw.choice([changed[at] ^ 1 << draw.randrange(8), 0, 127, 255])
    file = BytesIO(changed)
    seal(file)
    path = sound.with_name("mutated.h5")
    path.write_bytes(file.getvalue())
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        signal.alarm(5)
        try:
            read_model(path)
            code = 0
        except ModelFileError as error:
            code = 1 if str(error).isprintable() else 3
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            code = 2
        os._exit(code)
    _, status = os.waitpid(child, 0)
    outcomes.append(os.waitstatus_to_exitcode(status))
json.dump(outcomes, sys.stdout)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_each_is_read_or_refused(tmp_path: Path) -> None:
    sound = write_tiny(tmp_path / "sound.h5", notation="G(4)")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(sound), str(MUTATIONS)],
        capture_output=True,
        text=True,
        timeout=250,
        check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    outcomes = json.loads(done.stdout)
    assert len(outcomes) == MUTATIONS
    by_library = [code for code in outcomes if code < 0]
    answered = [code for code in outcomes if code in (0, 1)]
    assert len(answered) + len(by_library) == MUTATIONS, done.stderr
    assert answered.count(1) > MUTATIONS / 10  # the mutations do reach the checks
    assert len(by_library) < MUTATIONS / 10
