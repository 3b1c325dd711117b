"""The built-in data sources."""

from dcgraph.contracts.source import Source
from dcgraph.plugin.markers import hookimpl
from dcgraph.sources.digits import Digits
from dcgraph.sources.fashion_mnist import FashionMnist
from dcgraph.sources.folder import Folder
from dcgraph.sources.hdf5 import Hdf5
from dcgraph.sources.mnist import Mnist
from dcgraph.sources.npz import Npz
from dcgraph.sources.svhn import Svhn

__all__ = ["Digits", "FashionMnist", "Folder", "Hdf5", "Mnist", "Npz", "Svhn"]


@hookimpl
def register_sources() -> list[type[Source]]:
    """Return the built-in sources."""
    return [Digits, Mnist, FashionMnist, Svhn, Npz, Hdf5, Folder]
