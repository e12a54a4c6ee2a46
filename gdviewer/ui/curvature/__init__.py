"""The curvature panel: kind of point, eigenvalues, the loss along a step."""
