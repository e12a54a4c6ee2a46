"""Neural networks: their data, layers, losses, and the problem of training one."""
