"""What PyTorch is asked for is there, or a sentence says what to do."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from dcgraph.errors import RequestError
from dcgraph.judges.pytorch import (
    bfloat16_products,
    channels_first,
    channels_last,
    device_of,
    pytorch,
    seeded,
)


def test_without_pytorch_one_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(RequestError, match=r"needs PyTorch: install it with  pip install 'dcgraph"):
        pytorch()


def test_a_gpu_that_is_not_there_is_refused_and_auto_does_without(torch, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RequestError, match="finds no GPU here: use `device: auto`") as caught:
        device_of("cuda")
    assert caught.value.problem.field == "device"
    assert device_of("auto").type == device_of("cpu").type == "cpu"


def test_a_gpu_that_is_there_is_taken_unless_the_processor_is_asked_for(torch, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [device_of(each).type for each in ("auto", "cuda", "cpu")] == ["cuda", "cuda", "cpu"]


def test_draws_by_a_seed_leave_those_of_others_alone(torch):
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    threads = torch.get_num_threads()
    device = torch.device("cpu")
    drawn = []
    for _ in range(2):
        with seeded(5, device):
            drawn.append(torch.rand(3))
            assert torch.get_num_threads() == 1
    assert torch.equal(*drawn)
    assert torch.equal(torch.rand(2), expected)
    assert torch.get_num_threads() == threads


def test_images_go_there_and_back(torch):
    images = np.random.default_rng(0).uniform(-0.5, 1.5, (3, 4, 5, 2))
    planes = channels_first(images, torch.device("cpu"))
    assert tuple(planes.shape) == (3, 2, 4, 5)
    np.testing.assert_array_equal(channels_last(planes), images.clip(0, 1).astype(np.float32))


@pytest.mark.parametrize(("able", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_products_are_halved_where_there_are_instructions_for_them(torch, monkeypatch, able, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": able}, raising=False)
    one = torch.ones(2, 2)
    with bfloat16_products(torch.device("cpu")):
        assert (one @ one).dtype == getattr(torch, dtype)
    assert (one @ one).dtype == torch.float32


def test_a_pytorch_that_does_not_know_its_processor_keeps_float32(torch, monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    one = torch.ones(2, 2)
    with bfloat16_products(torch.device("cpu")):
        assert (one @ one).dtype == torch.float32
