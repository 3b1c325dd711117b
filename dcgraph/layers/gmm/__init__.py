"""The convolutional Gaussian mixture layer (paper section III-C).

`layer` holds the hyper-parameters and wires the rest; `density` scores and posteriors, `smoothing`
the torus that annealing smooths over, `start` what is taken from the first images, `updates` what
sufficient statistics make of parameters, `sampling` the way down.
"""

from dcgraph.layers.gmm.layer import GaussianMixture

__all__ = ["GaussianMixture"]
