"""MNIST: handwritten digits."""

from __future__ import annotations

from typing import ClassVar

from dcgraph.contracts.source import SourceInfo
from dcgraph.sources.idx_images import IdxImages


class Mnist(IdxImages):
    """Handwritten digits: 60,000 for training, 10,000 for testing."""

    type: ClassVar[str] = "mnist"
    info: ClassVar[SourceInfo] = SourceInfo(
        "70,000 handwritten digits, 28x28 (LeCun et al., 1998)", (28, 28, 1), 10, "CC BY-SA 3.0"
    )
    mirrors: ClassVar[tuple[str, ...]] = (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    )
    checksums: ClassVar[dict[str, str]] = {
        "train-images-idx3-ubyte.gz": (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        "train-labels-idx1-ubyte.gz": (
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
        ),
    }
