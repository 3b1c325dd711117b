"""Every command and every piece of Python on README and the pages is run, page by page.

A page is a story: its blocks run in order, in one folder, Python in one namespace. So that it takes
seconds and needs no download, it is told on a small scale:

- the research data sets are 300 and 100 images made from the digits of scikit-learn;
- `dcgraph run` trains for a fifth of an epoch, on 100 images, but the quickstart's in full; a model
  that another page has trained is trained beforehand;
- at most 200 samples are drawn, and outputs may be replaced.

What is not run is listed in `ELSEWHERE`, with the reason; it is parsed, by `test_commands.py`.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from doc_blocks import PAGES, ROOT, SHELL, Block, blocks
from idx_files import NAMES, write_idx
from sklearn.datasets import load_digits

import dcgraph
from dcgraph.cli.main import main
from dcgraph.graph.shipped import shipped_graphs

pytestmark = pytest.mark.docs

ELSEWHERE = {
    r"python3 -m venv": "installs: the check on a fresh machine does, and tests marked `package`",
    r"pip install": "installs",
    r"tensorboard ": "serves until it is stopped",
    r"dcgraph watch": "serves until it is stopped; see tests/cli/test_watch.py",
    r"dcgraph data fetch": "downloads; see tests/cli/test_data.py",
    r"dcgraph bench": "measures for minutes; see tests/cli/test_bench.py",
    r"dcgraph study (?!$|\S+ --list)": "trains many models; see tests/cli/test_study.py",
    r"dask |DCGRAPH_DATA=/data dask": "needs a cluster",
    r"python benchmarks/": "measures for minutes; their steps are tested in benchmarks",
    r"python docs/site/": "writes into the repository",
}
# Their code is tried where it is tested: files, commands and all.
TRIED = {"plugins.md": "tests/plugin/test_docs.py", "sources.md": "tests/plugin/test_docs.py"}
TEXT = "text"
MOST = 200
FIRST = "first.yaml"  # of the quickstart
SMALL = ("--epochs", "0.2", "--set", "data.limit=250")  # a mean for each of 225 components


def digits(side):
    """Return the digits of scikit-learn as bytes, enlarged to side x side, and their labels."""
    found = load_digits()
    enlarged = np.kron(found.images, np.ones((3, 3)))
    edge = (side - 24) // 2
    images = np.pad(enlarged, ((0, 0), (edge, edge), (edge, edge))) * (255 / 16)
    return images.astype(np.uint8), found.target


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A data directory with small data sets under the names of the large ones."""
    folder = tmp_path_factory.mktemp("data")
    images, labels = digits(28)
    for name in ("mnist", "fashion_mnist"):
        for split, part in (("train", slice(300)), ("test", slice(300, 400))):
            write_idx(folder / name / NAMES[split, "images"], images[part])
            write_idx(folder / name / NAMES[split, "labels"], labels[part].astype(np.uint8))
    images = np.repeat(digits(32)[0][..., None], 3, axis=3)
    (folder / "svhn").mkdir()
    for split, part in (("train", slice(300)), ("test", slice(300, 400))):
        path = folder / "svhn" / f"{split}.npz"
        np.savez(path, images=images[part], labels=labels[part])
    return folder


@pytest.fixture(scope="session")
def models(data, tmp_path_factory):
    """Trains the model that a page takes for granted; each once."""
    folder = tmp_path_factory.mktemp("models")

    def trained(name: str):
        path = folder / f"{name}.h5"
        if not path.exists():
            title = re.sub(r"-s\d+$", "", name)
            by_title = {each.replace("_", "-"): each for each in shipped_graphs()}
            graph, less = by_title.get(title, "dcgmm_e"), SMALL
            if title == "first":
                call(["new", FIRST, "--outliers", "0", "--overwrite"])
                graph, less = FIRST, ()
            call(["run", graph, "-o", str(path), "--data-dir", str(data), *less])
        return path

    return trained


def call(words, *, code=0):
    """Run the program in this process; return its result."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    output = f"dcgraph {shlex.join(map(str, words))}\n{result.stdout}{result.stderr}"
    assert result.exit_code == code, output
    return result


class Story:
    """A page, told in a folder of its own."""

    def __init__(self, folder, models):
        self.folder, self.models = folder, models
        self.names: dict[str, object] = {}
        self.expected = ""

    def tell(self, block: Block) -> None:
        """Run a block; hold the text after a failing command against what it printed."""
        if block.mark.startswith("file: "):
            (self.folder / block.mark.removeprefix("file: ")).write_text(block.text)
        elif block.language in SHELL:
            code = int(block.mark.removeprefix("exits ")) if block.mark.startswith("exits") else 0
            for line in block.commands:
                self.run(line, code)
        elif block.language == "python":
            self.provide(block.text)
            exec(compile(block.text, str(block), "exec"), self.names)
        elif block.language == TEXT and self.expected:
            assert " ".join(block.text.split()) in " ".join(self.expected.split()), str(block)
            self.expected = ""

    def run(self, line: str, code: int) -> None:
        self.expected = ""
        if any(re.match(pattern, line) for pattern in ELSEWHERE):
            return
        if line.startswith("python tools/"):
            self.need_models(line)
            program = line.replace("python tools/", f"{shlex.quote(sys.executable)} {ROOT}/tools/")
            done = subprocess.run(
                program, shell=True, cwd=self.folder, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            return
        words = shlex.split(line)
        while "=" in words[0]:
            words = words[1:]
        assert words.pop(0) == "dcgraph", f"not run and not listed in ELSEWHERE: {line}"
        words = [each for word in words for each in self.globbed(word)]
        if code:
            self.expected = call(words, code=code).stderr
            return
        self.need_models(line)
        call(self.shrunk(words))

    def globbed(self, word: str) -> list[str]:
        return sorted(str(path) for path in ROOT.glob(word)) if "*" in word else [word]

    def shrunk(self, words: list[str]) -> list[str]:
        command = main.get_command(None, words[0])
        spellings = {each for parameter in command.params for each in parameter.opts}
        if "--overwrite" in spellings and "--resume" not in words:
            words = [*words, "--overwrite"]
        if "-n" in words:
            place = words.index("-n") + 1
            words = [*words[:place], str(min(int(words[place]), MOST)), *words[place + 1 :]]
        if words[0] == "run" and "--epochs" not in words and words[1] != FIRST:
            words = [*words, *SMALL]
        return words

    def need_models(self, line: str) -> None:
        """Put models where the line looks for them, unless the page has made them."""
        made = re.search(r" run .* -o (\S+)", line)
        for path in re.findall(r"[\w./-]+\.h5", line):
            target = self.folder / path
            if not target.exists() and not (made and made[1] == path):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.models(target.stem), target)

    def provide(self, text: str) -> None:
        """Give Python what the page says it has: a model, images, a mask."""
        self.need_models(text if "load(" in text else "")
        if re.search(r"\bmodel\b", text) and not re.search(r"\bmodel =", text):
            name = "dcgmm-c-s0" if "pool1" in text else "dcgmm-e-s0"
            self.names["model"] = dcgraph.load(self.models(name))
        if re.search(r"\bimages\b", text) and "images" not in self.names:
            self.names["images"] = digits(28)[0][:8, ..., None]
        for name, shape in (("known", (28, 28)), ("known_mask", (16, 16))):
            self.names.setdefault(name, np.arange(shape[0]) < shape[0] // 2 + np.zeros(shape))


@pytest.mark.parametrize("page", [p for p in PAGES if p.name not in TRIED], ids=lambda p: p.stem)
def test_a_page_is_true(page, data, models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DCGRAPH_DATA", str(data))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for tools, which are run as programs
    np.save("signal.npy", np.ones((2, 12, 12, 25), np.float32))
    if page.name == "errors.md":
        call(["new", FIRST, "--outliers", "0", "--overwrite"])
        (tmp_path / "runs").mkdir()
        shutil.copy(models("first-s0"), tmp_path / "runs" / "first-s0.h5")
    (tmp_path / "plugins").symlink_to(ROOT / "plugins")
    story = Story(tmp_path, models)
    for block in blocks(page):
        story.tell(block)


@pytest.mark.parametrize("page", TRIED)
def test_pages_that_are_tried_elsewhere_are_named_there(page):
    assert (ROOT / TRIED[page]).read_text().count(f'"{page}"') == 1
