"""Searchable lists of problems, optimizers and schedules."""
