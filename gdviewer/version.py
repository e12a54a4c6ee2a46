"""The version of gdviewer."""

__version__ = "0.1.0"
