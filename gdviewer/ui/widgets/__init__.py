"""Controls, themes and background work that any panel can use."""
