"""Reports of a step; scores, distributions, layers and epochs of a network. No Qt."""
