"""The record of a run: columns, the trace, its events."""
