"""The pages on a network, in the order of their tabs."""

from gdviewer.ui.network.confusion_page import AgreementPage, ConfusionPage
from gdviewer.ui.network.data_page import DataPage
from gdviewer.ui.network.diagram_page import DiagramPage
from gdviewer.ui.network.distributions_page import DistributionsPage
from gdviewer.ui.network.filters_page import FiltersPage
from gdviewer.ui.network.measures_page import MeasuresPage
from gdviewer.ui.network.predictions_page import PredictionsPage
from gdviewer.ui.network.sequences_page import SequencesPage
from gdviewer.ui.network.states_page import StatesPage
from gdviewer.ui.network.surface_page import SurfacePage

RESULTS = (DataPage, SequencesPage, PredictionsPage, ConfusionPage, AgreementPage, MeasuresPage)
INSIDE = (DiagramPage, DistributionsPage, FiltersPage, StatesPage, SurfacePage)
