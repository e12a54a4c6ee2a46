"""What is read of a step and of a network: reports, lines, points, scores, distributions. No Qt."""
