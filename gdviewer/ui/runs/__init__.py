"""The runs panel, the controls of the selected run, and the limits."""
