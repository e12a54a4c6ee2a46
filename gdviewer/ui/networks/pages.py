"""The pages on a network, in the order of their tabs."""

from gdviewer.ui.networks.diagram import DiagramPage
from gdviewer.ui.networks.measures import MeasuresPage
from gdviewer.ui.networks.spreads_page import SpreadsPage

DOES = (MeasuresPage,)
INSIDE = (DiagramPage, SpreadsPage)
