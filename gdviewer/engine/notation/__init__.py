"""Typed expressions and source code as mathematics."""
