"""Experiments: their description, their files, their results, and sweeps over their settings."""
