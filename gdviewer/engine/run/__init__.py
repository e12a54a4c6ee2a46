"""A run: its limits and stops, the stepper, replay."""
