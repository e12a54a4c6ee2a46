"""Views of a network: the builder, data and predictions, and what is inside."""
