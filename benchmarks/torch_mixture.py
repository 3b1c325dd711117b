"""What a PyTorch user would write: folding by views, mixtures by matrix products.

`Peer` makes a training step of a graph twice: with autograd and plain gradient ascent on every
node's loss, and closed-form, with sufficient statistics and the M-step under ``no_grad``. Both take
the same expanded products ``[x, x^2] @ W`` as dcgraph; sums by winner are `index_add_` or the
one-hot product, whichever is faster on a processor; on a GPU it is the product: many rows that add
to few sums would wait for each other. Parameters are buffers that are written in place, so that a
compiled step can be one CUDA graph.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from dcgraph.backends.contract import Pair
from dcgraph.graph.graph import Graph, Node
from dcgraph.layers import Folding, GaussianMixture, Pooling

PRECISION_MAX, RATE, RHO = 20.0, 0.01, 0.02


class Mixture(nn.Module):
    """Parameters of one node: (P, K, d)."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        layer = node.layer
        assert isinstance(layer, GaussianMixture)
        ((h, w, d),) = node.input_shapes
        self.share, components = layer.share, layer.components
        sets = 1 if layer.share else h * w
        generator = torch.Generator().manual_seed(0)
        mu = 0.2 * torch.rand((sets, components, d), generator=generator) - 0.1
        self.register_buffer("mu", mu)
        self.register_buffer("r", torch.full((sets, components, d), PRECISION_MAX**0.5))
        self.register_buffer("logits", torch.zeros((sets, components)))
        self.register_buffer("s0", torch.full((sets, components), 1 / components))
        self.register_buffer("s1", mu / components)
        self.register_buffer("s2", (mu**2 + 1 / PRECISION_MAX) / components)

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, h w, d) as (P, m, d)."""
        n, positions, d = x.shape
        return x.reshape(1, n * positions, d) if self.share else x.transpose(0, 1)

    def scores(self, rows: torch.Tensor) -> torch.Tensor:
        """Return (P, m, K)."""
        precision = self.r**2
        weighted = precision * self.mu
        bias = torch.log(self.r).sum(-1) - 0.5 * (weighted * self.mu).sum(-1)
        bias = bias + torch.log_softmax(self.logits, -1)
        linear = torch.baddbmm(bias[:, None], rows, weighted.transpose(1, 2))
        return torch.baddbmm(linear, rows * rows, -0.5 * precision.transpose(1, 2))

    def ascend(self, rows: torch.Tensor) -> torch.Tensor:
        """Take a gradient step on the largest score, by autograd; return the posterior."""
        parameters = [self.mu, self.r, self.logits]
        for parameter in parameters:
            parameter.requires_grad_()
        scores = self.scores(rows)
        loss = scores.max(-1).values.mean(1).sum()
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter += RATE * gradient
            self.r.clamp_(1e-3, PRECISION_MAX**0.5)
            return torch.softmax(scores.detach(), -1)

    @torch.no_grad()
    def maximize(self, rows: torch.Tensor) -> torch.Tensor:
        """Take a step of EM in closed form; return the posterior."""
        scores = self.scores(rows)
        _, m, components = scores.shape
        winners = scores.argmax(-1)
        x2 = rows * rows
        if self.share and not rows.is_cuda:
            ones = torch.ones_like(rows[0, :, 0])
            s0 = torch.zeros_like(self.logits[0]).index_add_(0, winners[0], ones)[None]
            s1, s2 = (
                torch.zeros_like(self.mu[0]).index_add_(0, winners[0], part[0])[None]
                for part in (rows, x2)
            )
        else:
            one_hot = functional.one_hot(winners, components).to(rows.dtype)
            s0 = one_hot.sum(1)
            s1, s2 = (one_hot.transpose(1, 2) @ part for part in (rows, x2))
        sums = (self.s0, self.s1, self.s2)
        for old, new in zip(sums, (s0, s1, s2), strict=True):
            old.lerp_(new / m, RHO)
        t0, t1, t2 = sums
        share = t0.clamp_min(1e-6)
        won = (t0 >= 1e-6)[..., None]
        mu = t1 / share[..., None]
        variance = (t2 / share[..., None] - mu**2).clamp_min(1 / PRECISION_MAX)
        self.mu.copy_(torch.where(won, mu, self.mu))
        self.r.copy_(torch.where(won, variance.rsqrt(), self.r))
        self.logits.copy_(torch.log(share / share.sum(-1, keepdim=True)))
        return torch.softmax(scores, -1)


def patches(x: torch.Tensor, kernel: Pair, stride: Pair) -> torch.Tensor:
    """Return the patches of images (n, c, h, w) as rows (n, h' w', c fh fw).

    A view with strides: `functional.unfold` takes twice the time, and on a GPU a launch an image.
    """
    view = x.unfold(2, kernel[0], stride[0]).unfold(3, kernel[1], stride[1])
    n, c, h, w, *_ = view.shape
    return view.permute(0, 2, 3, 1, 4, 5).reshape(n, h * w, c * kernel[0] * kernel[1])


class Peer(nn.Module):
    """A chain of foldings, poolings and mixtures in PyTorch."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.nodes = [node for node in graph.nodes.values() if node.inputs]
        self.mixtures = nn.ModuleDict(
            {node.name: Mixture(node) for node in self.nodes if node.is_density}
        )

    @torch.no_grad()
    def forward(self, images: torch.Tensor) -> None:
        """Take a step of EM in closed form."""
        self.step(images, autograd=False)

    def step(self, images: torch.Tensor, *, autograd: bool) -> None:
        """Let every node learn from images (n, c, h, w)."""
        x = images
        for index, node in enumerate(self.nodes):
            layer = node.layer
            if isinstance(layer, Folding):
                x = patches(x, layer.kernel, layer.stride)
            elif isinstance(layer, Pooling):
                x = functional.max_pool2d(x, layer.kernel, layer.stride, ceil_mode=layer.ceil)
            else:
                mixture = self.mixtures[node.name]
                rows = mixture.rows(x)
                posterior = mixture.ascend(rows) if autograd else mixture.maximize(rows)
                if index + 1 < len(self.nodes):
                    h, w, k = node.shape
                    n = len(images)
                    shape = (n, h, w, k) if mixture.share else (h, w, n, k)
                    order = (0, 3, 1, 2) if mixture.share else (2, 3, 0, 1)
                    x = posterior.reshape(shape).permute(order)
