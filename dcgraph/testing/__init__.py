"""What plugin authors hold their work against, with pytest (``pip install dcgraph[test]``)."""

import pytest

pytest.register_assert_rewrite("dcgraph.testing.conformance", "dcgraph.testing.learning")

from dcgraph.testing.conformance import LayerConformance  # noqa: E402 - after the line above
from dcgraph.testing.differences import assert_gradient, central_differences  # noqa: E402

__all__ = ["LayerConformance", "assert_gradient", "central_differences"]
