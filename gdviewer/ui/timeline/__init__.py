"""The timeline: run, pause, step and scrub; progress of training."""
