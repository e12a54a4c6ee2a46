"""The pages on a network, in the order of their tabs."""

from gdviewer.ui.networks.confusion import AgreementPage, ConfusionPage
from gdviewer.ui.networks.data_page import DataPage
from gdviewer.ui.networks.diagram import DiagramPage
from gdviewer.ui.networks.measures import MeasuresPage
from gdviewer.ui.networks.predictions import PredictionsPage
from gdviewer.ui.networks.spreads_page import SpreadsPage

DOES = (DataPage, PredictionsPage, ConfusionPage, AgreementPage, MeasuresPage)
INSIDE = (DiagramPage, SpreadsPage)
