"""Views of a network: the builder, the data and predictions, and the values inside the network."""
