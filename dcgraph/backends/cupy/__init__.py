"""CuPy kernels: the same functions as in `dcgraph.backends.numpy`, on an NVIDIA GPU."""
