"""The plots. Each draws ``(trace, position)`` of every run at each frame of the session, live and looking back alike."""
