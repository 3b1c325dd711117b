"""NumPy kernels: they run everywhere, and other backends are held against them."""
