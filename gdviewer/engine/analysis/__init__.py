"""The function around a point of a run: curvature, kind of point, stability, the loss along a line."""
