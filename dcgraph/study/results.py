"""Result files: one small HDF5 file for each finished run, and what a study resumes by."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from dcgraph.storage.replace import replace_file
from dcgraph.study.evaluations.base import Arrays, Values
from dcgraph.study.run import FORMAT_VERSION, Result, Run

FORMAT = "dcgraph-study-run"
TEXTS = ("machine", "finished", "versions")


@dataclass(frozen=True)
class Results:
    """The results of a study in a folder.

    A file's name holds the fingerprint of all that determines its run: after a change to the
    study, runs that it does not concern are still there, and those it does are not.
    """

    folder: Path

    def path(self, run: Run) -> Path:
        """Return the file of a run."""
        return self.folder / run.file_name

    def read(self, run: Run) -> Result | None:
        """Return the result of a run; None where there is none, or only a damaged file."""
        try:
            return read_result(self.path(run), run.digest)
        except (OSError, KeyError, ValueError, TypeError):
            return None

    def write(self, run: Run, result: Result) -> None:
        """Write a result, whole or not at all.

        Raises
        ------
        RequestError, RunError
            The folder cannot be written to, or the disk is full.
        """
        replace_file(self.path(run), encoded(run, result))


def encoded(run: Run, result: Result) -> memoryview:
    """Return the bytes of a result file."""
    import h5py

    content = BytesIO()
    with h5py.File(content, "w") as root:
        root.attrs["format"] = FORMAT
        root.attrs["format_version"] = FORMAT_VERSION
        root.attrs["digest"] = run.digest
        root.attrs["name"] = run.name
        if run.anchor is None:
            root.attrs["backend"] = run.kind
        root.attrs["seconds"] = result.seconds
        root.attrs["nodes"] = list(result.nodes)
        for name in TEXTS:
            root.attrs[name] = getattr(result, name)
        values = root.create_group("values", track_order=True)
        for node, found in result.values.items():
            group = values.create_group(node or "-", track_order=True)
            for metric, value in found.items():
                group.attrs[metric] = value
        arrays = root.create_group("arrays")
        for kind, named in result.arrays.items():
            group = arrays.create_group(kind, track_order=True)
            for name, array in named.items():
                packing = {"compression": "gzip"} if array.ndim else {}
                group.create_dataset(name, data=array, **packing)
    return content.getbuffer()


def read_result(path: Path, digest: str) -> Result:
    """Return what a result file holds.

    Raises
    ------
    OSError, KeyError, ValueError, TypeError
        The file is missing or damaged, or holds another run.
    """
    import h5py

    with h5py.File(path, "r") as root:
        if root.attrs["format"] != FORMAT or root.attrs["digest"] != digest:
            message = f"{path} is no result of this run"
            raise ValueError(message)
        values: Values = {
            "" if node == "-" else node: {name: float(value) for name, value in group.attrs.items()}
            for node, group in root["values"].items()
        }
        arrays: dict[str, Arrays] = {
            kind: {name: dataset[()] for name, dataset in group.items()}
            for kind, group in root["arrays"].items()
        }
        texts: dict[str, Any] = {name: str(root.attrs[name]) for name in TEXTS}
        return Result(
            nodes=tuple(str(name) for name in root.attrs["nodes"]),
            values=values,
            arrays=arrays,
            seconds=float(root.attrs["seconds"]),
            **texts,
        )
