"""The problem panel and its editors for formulas, samples and data."""
