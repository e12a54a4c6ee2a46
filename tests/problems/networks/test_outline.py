"""Layers as rows with what comes out of each, and networks made to fit other data."""

import pytest

from gdviewer import problems
from gdviewer.problems.networks.layer import LayerShapeError
from gdviewer.problems.networks.layer_summary import fitted, summarise_layers
from gdviewer.problems.networks.notation import layers_of

NETWORKS = [name for name, problem in problems.catalogue().items() if isinstance(problem, problems.Network)]


@pytest.mark.parametrize("name", NETWORKS)
def test_that_the_rows_are_the_network_s_layers(name):
    network = problems.get(name)
    rows = summarise_layers(layers_of(network.values["layers"]), network)
    stages = [stage for stage in network.architecture.stages if not stage.activation]
    assert [row.layer for row in rows] == [stage.layer for stage in stages]
    assert [row.output for row in rows] == [stage.output for stage in stages]
    assert sum(row.weights for row in rows) == network.dimension
    assert not any(row.error for row in rows)


@pytest.mark.parametrize(
    ("name", "layers", "position", "reported"),
    [
        ("digits_network", "conv 4 3x3, 16", 1, "Flatten before Dense: the input is 6×6×4"),
        ("digits_network", "conv 4 9x9", 0, "a window of 9×9 does not fit"),
        ("digits_network", "conv 4 3x3", 1, "Flatten before Dense"),  # the output layer, which is added
        ("network", "8, conv 4 3x3", 1, "Conv2D needs images"),
        ("network", "8, 3000, 3000", 2, "more than 2,000,000"),
        ("recurrent_network", "rnn 4 every, rnn 4, 8", 1, "there is a target for each time step"),
    ],
)
def test_that_what_does_not_fit_is_reported_at_its_row_alone_in_the_words_of_the_network(
    name, layers, position, reported
):
    network = problems.get(name)
    rows = summarise_layers(layers_of(layers), network)
    assert [i for i, row in enumerate(rows) if row.error] == [position]
    assert reported in rows[position].error
    with pytest.raises(LayerShapeError, match=r"layer|target"):
        network.replace(layers=layers)


def test_that_a_sequence_without_an_end_is_reported_at_the_last_layer_of_one_s_own():
    network = problems.get("network", data="parity", layers="rnn 4")
    rows = summarise_layers(layers_of("rnn 4 every, 8"), network)
    assert [bool(row.error) for row in rows] == [False, True, False]
    assert "end with an RNN that gives its last state" in rows[1].error


def moved(network, **values):
    return fitted(network, lambda **others: network.replace(**others | values), network.data_for(**values))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("data", problems.get("network").parameters["data"].words)
def test_that_every_network_fits_every_data(name, data):
    network, changed = moved(problems.get(name), data=data)
    assert network.values["data"] == data
    assert {"layers", "loss"} >= set(changed)
    assert network.train.kind != "sequences" or "rnn" in network.values["layers"]


def test_that_layers_of_one_s_own_stay_where_they_fit_and_a_loss_goes_where_it_does_not():
    network = problems.get("network", layers="5 relu", loss="hinge")
    other, changed = moved(network, data="sine")
    assert (other.values["layers"], other.values["loss"], changed) == ("5 relu", "auto", ("loss",))
    other, changed = moved(network, data="echo")  # one layer for each time step fits, though it forgets
    assert (other.values["layers"], changed) == ("5 relu", ())


def test_that_a_value_out_of_range_is_reported_and_not_corrected():
    network = problems.get("network")
    with pytest.raises(ValueError, match="test_share must be in"):
        fitted(network, lambda **others: network.replace(test_share=2, **others), network.train)


def test_that_parameters_without_effect_are_known():
    assert problems.get("network").idle == {"init_scale"}
    assert problems.get("network", init="small").idle == set()
    assert problems.get("digits_network").idle == {"samples", "data_noise", "scale_ratio", "init_scale"}
    assert "data_seed" in problems.get("digits_network", test_share=0).idle
