def test_numpy_is_usable(call):
    answer = call("backends")
    assert answer.code == 0
    assert "numpy" in answer.stdout


def test_json(call):
    found = call("backends", "--json").json
    assert found["command"] == "backends"
    numpy = next(each for each in found["backends"] if each["name"] == "numpy")
    assert numpy["usable"] is True
    assert numpy["reason"]
