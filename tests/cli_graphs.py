"""Graphs that tests of the program train."""

CLASSIFYING = {
    "name": "classifying",
    "data": {"source": "digits"},
    "nodes": {
        "image": {"type": "input", "shape": [8, 8, 1]},
        "fold1": {"type": "folding", "kernel": 8},
        "gmm1": {"type": "gmm", "components": 49},
        "classifier": {"type": "classifier", "classes": 10},
    },
    "forward": ["image -> fold1 -> gmm1 -> classifier"],
    "train": {"epochs": 15},
}
