"""The pages on a network, in the order of their tabs."""

from gdviewer.ui.networks.confusion import AgreementPage, ConfusionPage
from gdviewer.ui.networks.data_page import DataPage
from gdviewer.ui.networks.diagram import DiagramPage
from gdviewer.ui.networks.filters import FiltersPage
from gdviewer.ui.networks.measures import MeasuresPage
from gdviewer.ui.networks.predictions import PredictionsPage
from gdviewer.ui.networks.sequences import SequencesPage
from gdviewer.ui.networks.spreads_page import SpreadsPage
from gdviewer.ui.networks.states import StatesPage
from gdviewer.ui.networks.surface import SurfacePage

DOES = (DataPage, SequencesPage, PredictionsPage, ConfusionPage, AgreementPage, MeasuresPage)
INSIDE = (DiagramPage, SpreadsPage, FiltersPage, StatesPage, SurfacePage)
