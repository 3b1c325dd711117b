"""PyTorch, which judges need and nothing else does: imported when asked for, and no earlier.

It is spoken of as `Any`, so that the package is checked alike with and without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dcgraph.errors import RequestError

Device = Literal["auto", "cpu", "cuda"]
BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")  # as PyTorch names the instructions
THREADS = 1  # results must not depend on how many others share the machine


def pytorch() -> Any:
    """Return the module.

    Raises
    ------
    RequestError
        It is not installed.
    """
    try:
        return import_module("torch")
    except ImportError as error:
        message = "judging samples needs PyTorch: install it with  pip install 'dcgraph[judges]'"
        raise RequestError(message) from error


def device_of(wanted: Device) -> Any:
    """Return a device of PyTorch; "auto" means a GPU where there is one.

    Raises
    ------
    RequestError
        PyTorch is not installed, or "cuda" is wanted and not there.
    """
    torch = pytorch()
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        message = (
            "PyTorch finds no GPU here: use `device: auto` or `device: cpu`, or install a PyTorch "
            "that was built for this machine's GPU"
        )
        raise RequestError(message, field="device")
    return torch.device("cuda" if wanted != "cpu" and there else "cpu")


@contextmanager
def seeded(seed: int, device: Any) -> Iterator[None]:
    """Let PyTorch draw by a seed, and compute with one thread; then put back what was there."""
    torch = pytorch()
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def begun(network: Any) -> Any:
    """Return a network with the parameters that Keras, which the paper used, begins with.

    Weights are drawn as Glorot and Bengio (2010) propose, biases are 0. PyTorch's own weights are
    smaller, too small for so many layers.
    """
    init = pytorch().nn.init
    for layer in network:
        if hasattr(layer, "weight"):
            init.xavier_uniform_(layer.weight)
            init.zeros_(layer.bias)
    return network


def channels_first(images: NDArray[Any], device: Any) -> Any:
    """Return images (n, h, w, c), clipped to [0, 1], as a tensor (n, c, h, w), float32.

    Channels stay innermost in memory, which convolutions read fastest.
    """
    clipped = np.clip(images, 0, 1).astype(np.float32, copy=False)
    return pytorch().from_numpy(np.ascontiguousarray(clipped)).permute(0, 3, 1, 2).to(device)


def placed(network: Any, device: Any) -> Any:
    """Return a network on its device, in the layout of `channels_first`."""
    return network.to(device, memory_format=pytorch().channels_last)


def bfloat16_products(device: Any) -> Any:
    """Return a context in which products are computed in bfloat16.

    Where the processor has no instructions for them, or PyTorch cannot tell, they stay in float32.
    """
    torch = pytorch()
    there = device.type == "cuda"
    if not there and hasattr(torch.cpu, "get_capabilities"):
        able = torch.cpu.get_capabilities()
        there = any(able.get(name, False) for name in BFLOAT16)
    return torch.autocast(device.type, torch.bfloat16, enabled=there)


def channels_last(planes: Any) -> NDArray[np.float32]:
    """Return a tensor (n, c, h, w) as images (n, h, w, c)."""
    images: NDArray[np.float32] = planes.detach().float().cpu().numpy().transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images)
