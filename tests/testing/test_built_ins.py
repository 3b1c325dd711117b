"""The built-in layers keep the contract that plugins are held against."""

from dcgraph.layers import (
    AveragePooling,
    Classifier,
    Concat,
    ContrastNormalization,
    Folding,
    GaussianMixture,
    Pooling,
)
from dcgraph.layers.gmm.sampling import MixtureSampling
from dcgraph.testing import LayerConformance


class TestFolding(LayerConformance):
    layer = Folding(kernel=(3, 2), stride=(1, 2))
    undoes = "control"


class TestContrastNormalization(LayerConformance):
    layer = ContrastNormalization(epsilon=0.01)
    shapes = ((3, 2, 6),)


class TestPooling(LayerConformance):
    layer = Pooling(kernel=2)
    shapes = ((6, 4, 2),)
    undoes = "forward"


class TestSparsePooling(LayerConformance):
    layer = Pooling(kernel=(2, 3), ceil=True, control="sparse")


class TestAveragePooling(LayerConformance):
    layer = AveragePooling(kernel=2)
    shapes = ((6, 4, 3),)
    undoes = "forward"


class TestAveragePoolingOfWindowsThatOverlap(LayerConformance):
    layer = AveragePooling(kernel=(3, 2), stride=(1, 2))
    shapes = ((5, 4, 2),)


class TestMixture(LayerConformance):
    layer = GaussianMixture(components=4)
    shapes = ((3, 2, 4),)


class TestMixtureAtEachPosition(LayerConformance):
    layer = GaussianMixture(
        components=4,
        share=False,
        loss="log_likelihood",
        sampling=MixtureSampling(freeze_at_bound=False),
    )
    shapes = ((2, 3, 3),)


class TestClassifier(LayerConformance):
    layer = Classifier(classes=3)
    classes = 3


class TestConcat(LayerConformance):
    layer = Concat()
    shapes = ((2, 3, 2), (4, 1, 1))
    undoes = "control"


class TestConcatOfChannels(LayerConformance):
    layer = Concat(mode="channels")
    shapes = ((2, 3, 2), (2, 3, 1))
    undoes = "control"
