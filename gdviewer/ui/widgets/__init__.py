"""Controls, themes and background work, used by all panels."""
