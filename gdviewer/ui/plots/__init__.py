"""The plots. Each draws ``(trace, position)`` of every run at each frame."""
