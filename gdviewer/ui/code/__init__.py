"""The code panel: write an optimizer and apply it."""
