"""FashionMNIST: pictures of clothes, in the place of MNIST's digits."""

from __future__ import annotations

from typing import ClassVar

from dcgraph.contracts.source import SourceInfo
from dcgraph.sources.idx_images import IdxImages


class FashionMnist(IdxImages):
    """Clothes: 60,000 for training, 10,000 for testing."""

    type: ClassVar[str] = "fashion_mnist"
    info: ClassVar[SourceInfo] = SourceInfo(
        "70,000 pictures of clothes, 28x28 (Xiao et al., 2017)", (28, 28, 1), 10, "MIT"
    )
    mirrors: ClassVar[tuple[str, ...]] = (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    )
    checksums: ClassVar[dict[str, str]] = {
        "train-images-idx3-ubyte.gz": (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        "train-labels-idx1-ubyte.gz": (
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
        ),
    }
