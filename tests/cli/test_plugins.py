from pathlib import Path

PLUGIN = """
from dcgraph.contracts.metric import Metric
from dcgraph.plugin.markers import hookimpl

__version__ = "2.5"


def count(truth, values):
    return float(len(values))


@hookimpl
def register_metrics():
    return [Metric("count", "scores", count)]
"""


def test_built_ins_are_listed_with_what_they_register(call):
    answer = call("plugins")
    assert answer.code == 0
    assert "average_pooling, classifier, concat, contrast_normalization, folding" in answer.stdout
    assert "gmm, input, label, pooling" in answer.stdout
    assert "built-in" in answer.stdout


def test_a_plugin_file_is_listed_with_its_path_and_version(call, tmp_path):
    file = tmp_path / "counting.py"
    file.write_text(PLUGIN)
    found = call("plugins", "-p", file, "--json").json["plugins"]
    (mine,) = [plugin for plugin in found if plugin["name"] == "counting"]
    assert mine == {
        "name": "counting",
        "version": "2.5",
        "origin": str(file),
        "registers": {"metrics": ["count"]},
    }
    assert len(found) > 1


def test_a_metric_of_a_plugin_is_measured(call, tmp_path):
    file = tmp_path / "counting.py"
    file.write_text(PLUGIN)
    answer = call("run", "quickstart", "--epochs", "1", "-p", file, "--json", "-q")
    assert answer.code == 0, answer.stderr
    assert answer.json["metrics"]["gmm2"]["count"] == 359


def test_a_broken_plugin_is_named(call, tmp_path):
    Path("broken.py").write_text("import no_such_module_at_all\n")
    answer = call("plugins", "-p", "broken.py")
    assert answer.code == 2
    assert answer.stderr.startswith(f"error: {tmp_path / 'broken.py'}:1: ")
    assert "no_such_module_at_all" in answer.stderr
