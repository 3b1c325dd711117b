"""Gradients held against central differences, as the conformance kit does."""

from dcgraph.testing.differences import assert_gradient, central_differences

__all__ = ["assert_gradient", "central_differences"]
