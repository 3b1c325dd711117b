import pytest


def test_every_part_is_timed_beside_its_floor(call, small):
    answer = call("bench", small, "--work", "train", "--batch", "10", "--seconds", "0.01", "--json")
    assert answer.code == 0, answer.stderr
    rows = answer.json["rows"]
    assert {row["work"] for row in rows} == {"train"}
    assert {row["batch"] for row in rows} == {10}
    assert {"gmm1", "gmm2"} <= {row["node"] for row in rows}
    timed = [row for row in rows if row["floor_ms"]]
    assert timed
    for row in timed:
        assert row["cpu_ms"] > 0
        assert row["ratio"] == pytest.approx(row["cpu_ms"] / row["floor_ms"], rel=0.02, abs=1e-3)


@pytest.mark.parametrize("work", ["forward", "anneal", "sample", "inpaint"])
def test_every_kind_of_work_prints_a_table(call, small, work):
    answer = call("bench", small, "--work", work, "--batch", "2", "--seconds", "0.01")
    assert answer.code == 0, answer.stderr
    assert work in answer.stdout
    assert "CPU ms" in answer.stdout


def test_a_batch_of_nothing_is_refused(call, small):
    answer = call("bench", small, "--batch", "0")
    assert answer.code == 2
    assert "--batch" in answer.stderr
