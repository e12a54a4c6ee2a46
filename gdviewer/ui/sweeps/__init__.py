"""Sweeps: runs with many values of a setting and several seeds, with curves, a table and findings."""
