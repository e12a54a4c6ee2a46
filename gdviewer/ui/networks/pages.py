"""The pages on a network, in the order of their tabs."""

from gdviewer.ui.networks.data_page import DataPage
from gdviewer.ui.networks.measures import MeasuresPage
from gdviewer.ui.networks.shapes import ShapesPage

DOES = (DataPage, MeasuresPage)
INSIDE = (ShapesPage,)
