"""The descent: parameters, oracle, stop rules, trace, run and worker. NumPy and the standard library only."""
