"""Sweeps: a setting varied over values and seeds, seen as curves and told in numbers."""
