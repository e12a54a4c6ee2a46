"""Breakpoints, their kinds, and conditions on a step."""
