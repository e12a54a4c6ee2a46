"""The pages on a network, in the order of their tabs."""

from gdviewer.ui.networks.measures import MeasuresPage
from gdviewer.ui.networks.shapes import ShapesPage

DOES = (MeasuresPage,)
INSIDE = (ShapesPage,)
