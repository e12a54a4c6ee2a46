"""One step executed again under a line tracer."""
