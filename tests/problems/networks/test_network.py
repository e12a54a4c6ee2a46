"""Results of a network: weights by name, predictions, metrics, batches, dropout; and messages for bad input."""

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.problems.networks.initialisation import INITIALISATIONS
from gdviewer.problems.networks.layer import LayerShapeError
from gdviewer.problems.networks.network import Network

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(20, 2))
CLASSES = (INPUTS.prod(axis=1) > 0).astype(int)


def made(layers="4, 3", inputs=INPUTS, targets=CLASSES, *more, **values):
    return problems.network(layers, inputs, targets, *more, **values)


def descended(network, steps=30, optimizer="adam", rate=0.01, seed=0):
    run = Run(network, optimizers.get(optimizer), network.start, {"learning_rate": rate}, Limits(None, steps), seed)
    run.advance(steps)
    return run


# The start


@pytest.mark.parametrize("window", [(), (3, 3)])
@pytest.mark.parametrize("kind", INITIALISATIONS)
def test_that_weights_begin_with_the_mean_and_spread_that_is_promised(kind, window):
    inputs, units, places = 60, 90, int(np.prod(window))
    W = INITIALISATIONS[kind](
        np.random.default_rng(1), (*window, inputs, units), (places * inputs, places * units), 0.02
    )
    assert W.shape == (*window, inputs, units)
    spread = {
        "glorot": np.sqrt(2 / (places * (inputs + units))),
        "he": np.sqrt(2 / (places * inputs)),
        "orthogonal": np.sqrt(1 / max(places * inputs, units)),
        "small": 0.02,
        "zeros": 0.0,
    }[kind]
    assert abs(W.mean()) <= 4 * spread / np.sqrt(W.size)
    assert W.std() == pytest.approx(spread, rel=0.03)
    if kind == "glorot":
        limit = np.sqrt(3) * spread  # of a uniform distribution
        assert 0.99 * limit < np.abs(W).max() <= limit


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (2, 2, 3, 5)])
def test_that_orthogonal_weights_keep_lengths(shape):
    W = INITIALISATIONS["orthogonal"](np.random.default_rng(2), shape, (1, 1), 1.0).reshape(-1, shape[-1])
    product = W.T @ W if W.shape[0] >= W.shape[1] else W @ W.T
    assert np.abs(product - np.eye(len(product))).max() <= 1e-14


def test_that_the_seed_makes_the_weights_and_biases_begin_at_zero():
    one, same, other = made(seed=1), made(seed=1), made(seed=2)
    assert one.start.tobytes() == same.start.tobytes()
    assert one.start.tolist() != other.start.tolist()
    assert not any(parts["b"].any() for parts in one.parameters(one.start).values())


def test_that_units_which_begin_equal_stay_equal():
    run = descended(made("4", targets=CLASSES + 0.0, loss="mean_squared_error", init="zeros"))
    W = made("4").parameters(made("4").start)["dense 1"]["W"]
    assert np.ptp(W, axis=1).all()
    W = run.problem.parameters(run.trace.last)["dense 1"]["W"]
    assert not np.ptp(W, axis=1).any()


# Weights by name


def test_that_weights_by_name_are_views_of_the_point_and_make_it_again():
    network = made("conv 3 3x3 relu, maxpool 2, flatten, 5", RNG.normal(size=(6, 6, 6, 2)), [0, 1, 2, 0, 1, 2])
    x = RNG.normal(size=network.dimension)
    weights = network.parameters(x)
    shapes = {layer: {name: part.shape for name, part in parts.items()} for layer, parts in weights.items()}
    assert shapes == {
        "conv 1": {"W": (3, 3, 2, 3), "b": (3,)}, "dense 1": {"W": (12, 5), "b": (5,)},
        "dense 2": {"W": (5, 3), "b": (3,)},
    }  # fmt: skip
    assert network.pack(weights).tobytes() == x.tobytes()
    weights["dense 2"]["b"][1] = 7
    assert x[-2] == 7
    assert network.axis_names[-2] == "dense 2 b[1]"


def test_that_the_name_of_a_weight_leads_back_to_it_without_a_look_at_all_the_others(monkeypatch):
    names = made("conv 3 3x3 relu, maxpool 2, flatten, 5", RNG.normal(size=(6, 6, 6, 2)), [0, 1, 2, 0, 1, 2]).axis_names
    every = list(names)
    monkeypatch.setattr(type(names), "__getitem__", lambda *_: pytest.fail("names were made"))
    monkeypatch.setattr(type(names), "__iter__", lambda _: pytest.fail("names were made"))
    assert [names.index(name) for name in every] == list(range(len(every)))
    for name in ("", "dense 1", "dense 9 W[0, 0]", "dense 1 W[3]", "dense 1 W[99, 0]"):
        with pytest.raises(ValueError, match=r"no weight|out of bounds|invalid entry|sequence of length"):
            names.index(name)


def test_that_recurrent_weights_have_the_shapes_that_are_documented():
    weights = made("rnn 5", RNG.normal(size=(4, 3, 2)), [0, 1, 0, 1]).architecture.named(np.zeros(57))
    assert {name: part.shape for name, part in weights["rnn 1"].items()} == {"W": (2, 5), "U": (5, 5), "b": (5,)}


@pytest.mark.parametrize(
    ("weights", "reported"),
    [
        ({}, "weights of 'dense 1' are missing or unknown; the network has dense 1: W, b; dense 2: W, b"),
        ({"dense 1": {"W": np.zeros((2, 3))}}, "weights of 'dense 1' are missing"),
        ({"dense 1": {"W": np.zeros((3, 2)), "b": np.zeros(3)}}, r"W of dense 1 must be of shape \(2, 3\); got \(3, 2"),
    ],
)
def test_that_weights_that_do_not_fit_are_refused(weights, reported):
    with pytest.raises(ValueError, match=reported):
        made("3").pack(weights)


# What it says of data


def test_that_predictions_are_probabilities_of_the_classes_for_inputs_as_they_are():
    inputs = INPUTS * [1, 1000] + [0, 5000]
    for loss in ("cross_entropy", "binary_cross_entropy"):
        network = made(inputs=inputs, loss=loss, scaling="standardise")
        x = descended(network, 200, rate=0.03).trace.last
        reported = network.predict(x, inputs)
        assert reported.shape == (20, 2)
        assert reported.sum(axis=1) == pytest.approx(1, abs=1e-15)
        assert (reported.argmax(axis=1) == CLASSES).mean() == network.metrics(x)["train_accuracy"] > 0.8
        seen = -np.log(reported[np.arange(20), CLASSES]).mean()
        assert seen == pytest.approx(network.metrics(x)["train_loss"], rel=1e-12) == network.value(x)


def test_that_numbers_are_predicted_as_they_come_out():
    network = made(targets=INPUTS * 3, loss="huber")
    assert network.predict(network.start, INPUTS[:5]).tolist() == network.outputs(network.start, INPUTS[:5]).tolist()


def test_that_metrics_are_of_each_part_and_of_classes_only():
    network = made(test_share=0.25)
    assert network.metrics(network.start).keys() == {"train_loss", "train_accuracy", "test_loss", "test_accuracy"}
    test = network.test
    right = network.predict(network.start, test.inputs).argmax(axis=1) == test.targets
    assert network.metrics(network.start)["test_accuracy"] == right.mean()
    assert made().metrics(made().start).keys() == {"train_loss", "train_accuracy"}
    numbers = made(targets=INPUTS, loss="auto", test_share=0.25)
    assert numbers.metrics(numbers.start).keys() == {"train_loss", "test_loss"}


def test_that_the_parts_in_which_all_rows_are_evaluated_change_neither_losses_nor_predictions(monkeypatch):
    network = made(targets=INPUTS, loss="mean_squared_error")
    x = network.start
    whole, metrics, predictions = network.value(x), network.metrics(x), network.predict(x, INPUTS)
    monkeypatch.setattr("gdviewer.problems.networks.network._AT_ONCE", 12)
    assert network.value(x) == pytest.approx(whole, rel=1e-14)
    assert network.metrics(x) == pytest.approx(metrics, rel=1e-14)
    assert network.predict(x, INPUTS) == pytest.approx(predictions, rel=1e-14)


def test_that_the_loss_of_a_step_with_dropout_is_evaluated_however_wide_a_layer_is(monkeypatch):
    step = made("30 relu, dropout 0.5, 8", batch_size=6).batch(3, 1)
    monkeypatch.setattr("gdviewer.problems.networks.network._AT_ONCE", 12)
    assert step.value(step.start) == step.value_and_gradient(step.start)[0]


@pytest.mark.parametrize("inputs", [np.zeros((3, 5)), np.zeros((4, 3)), [1.0, 2, 3]])
def test_that_inputs_of_another_shape_are_refused(inputs):
    with pytest.raises(ValueError, match=r"inputs have shape \(rows, 2\); got"):
        made().predict(made().start, inputs)


# Batches


def test_that_given_batches_come_again_and_again():
    network = made(batches=[[0, 1, 2], [5], [3, 4]])
    for t, rows in ((1, [0, 1, 2]), (2, [5]), (3, [3, 4]), (4, [0, 1, 2]), (300, [3, 4])):
        assert network.batch(t, 7).inputs.tolist() == network.inputs[rows].tolist()
        assert network.batch(t, 7).targets.tolist() == network.targets[rows].tolist()
    assert [network.epoch(t) for t in (1, 3, 4, 7)] == [0, 0, 1, 2]


def test_that_one_given_batch_of_some_rows_is_all_that_is_seen():
    network = made(batches=[[4, 1]])
    assert network.batch(1, 0).targets.tolist() == network.targets[[4, 1]].tolist()
    run = Run(network, optimizers.get("momentum"), network.start, {"learning_rate": 0.1}, Limits(None, 5))
    run.advance(5)
    for t, (point, loss) in enumerate(zip(run.trace.x, run.trace.loss, strict=True), 1):
        assert loss == network.batch(t, 0).value_and_gradient(point)[0]


def test_that_each_epoch_sees_every_row_once_in_an_order_of_its_own():
    network = made(batch_size=6)
    orders = []
    for epoch in range(2):
        seen = np.concatenate([network.batch(4 * epoch + t, 3).inputs for t in range(1, 5)])
        orders.append(seen.tolist())
        assert sorted(orders[-1]) == sorted(network.inputs.tolist())
    assert orders[0] != orders[1]
    assert network.batch(5, 3).inputs.tolist() == network.batch(5, 3).inputs.tolist()


def test_that_the_gradients_of_the_batches_of_an_epoch_have_the_mean_of_the_whole():
    network = made(batch_size=5)
    parts = [network.batch(t, 0).gradient(network.start) for t in range(1, 5)]
    assert np.mean(parts, axis=0) == pytest.approx(network.gradient(network.start), abs=1e-15)


def test_that_a_batch_larger_than_the_data_is_all_of_them():
    network = made(batch_size=1000)
    assert network.batch(1, 0) is network
    assert network.batch_text == "Every step sees all 20 rows."


# Dropout


def test_that_value_and_gradient_of_a_step_drop_the_same_units_and_evaluation_none():
    network = made("30 relu, dropout 0.5, 8", batch_size=None)
    step = network.batch(3, 1)
    cost, gradient = step.value_and_gradient(network.start)
    assert cost == step.value(network.start) == network.batch(3, 1).value(network.start)
    assert gradient.tobytes() == network.batch(3, 1).gradient(network.start).tobytes()
    assert cost != network.batch(4, 1).value(network.start) != network.value(network.start)
    assert network.metrics(network.start)["train_loss"] == network.value(network.start)
    assert made("30 relu, 8", batch_size=None).value(network.start) == network.value(network.start)


def test_that_dropout_keeps_the_mean():
    network = made("dropout 0.25, 2", np.ones((2000, 3)), np.arange(2000) % 2, scaling="none", batch_size=None)
    factors = network.batch(1, 0).layers[0].factors
    assert set(np.unique(factors)) == {0, 1 / 0.75}
    assert factors.mean() == pytest.approx(1, abs=0.03)
    assert factors.shape == (2000, 3)


@pytest.mark.parametrize("layers", ["8, dropout 0.3, 6", "8, 6"])
def test_that_steps_with_batches_and_dropout_are_executed_again_to_the_same_bits(layers):
    network = made(layers, batch_size=6)
    run = descended(network, 40)
    for step in (1, 2, 17, 40):
        assert run.replay(step)[0].tobytes() == run.point(step).tobytes()
    assert descended(network, 40).trace.last.tobytes() == run.trace.last.tobytes()
    assert descended(network, 40, seed=1).trace.last.tobytes() != run.trace.last.tobytes()


# Bad input


@pytest.mark.parametrize(
    ("values", "reported"),
    [
        ({"inputs": np.where(INPUTS > 2, INPUTS, np.nan)}, "row 1 of x₁ is nan; it must be finite"),
        ({"inputs": INPUTS * 1e200}, "it must be finite and ≤ 1e[+]150"),
        ({"targets": np.full(20, np.nan), "loss": "huber"}, "row 1 of y is nan"),
        ({"targets": np.zeros(20, dtype=int)}, "every row of y is 0, so there is one class only"),
        ({"inputs": INPUTS[:0], "targets": []}, "there are no rows"),
        ({"inputs": [["a", "b"]] * 20}, "inputs must be numbers"),
        ({"targets": CLASSES[:5]}, r"y has shape \(5,\); beside inputs of shape \(20, 2\)"),
        ({"targets": INPUTS}, "the targets are numbers, so the loss can be mean_squared_error, .*; got cross_entropy"),
        ({"targets": np.arange(20) % 3, "loss": "binary_cross_entropy"}, "there are 3; cross_entropy takes any number"),
        ({"loss": "crossentropy"}, "did you mean 'cross_entropy'"),
        ({"layers": "4, 2 softmax"}, "cross_entropy applies softmax or sigmoid itself"),
        ({"batch_size": -1}, "batch_size must be in"),
        ({"batch_size": 2.5}, "batch_size must be a whole number; got 2.5"),
        ({"batches": []}, "batches must hold at least one list of rows"),
        ({"batches": [[0, 1], [19, 20]]}, r"batch 1 must hold row numbers from 0 to 19; got \[19, 20\]"),
        ({"batches": [[0, 1], []]}, "batch 1 must hold row numbers"),
        ({"batches": [[0.5]]}, "batch 0 must hold row numbers"),
        ({"init": "xavier"}, "init must be one of glorot, he"),
        ({"test_share": 1}, "test_share must be in"),
    ],
)
def test_that_what_can_not_be_trained_on_is_refused_with_its_cause(values, reported):
    with pytest.raises(ValueError, match=reported):
        made(**values)


def test_that_ten_million_weights_are_refused_before_they_are_made():
    with pytest.raises(LayerShapeError, match="more than 2,000,000 weights"):
        made("3000, 3000, 300")


def test_that_no_layers_are_a_model_without_hidden_units():
    network = made("")
    assert network.shape_text == "2-2"
    assert np.isfinite(descended(network).trace.loss).all()


@pytest.mark.parametrize("values", [{"classes": ("a", "b")}, {"loss": "mean_squared_error"}])
def test_that_one_row_can_be_trained_on(values):
    network = made("3", INPUTS[:1], CLASSES[:1], **values)
    run = descended(network, 50)
    assert run.trace.loss[-1] < run.trace.loss[0]


def test_that_exploding_weights_stop_the_run_with_advice_and_the_last_finite_point():
    network = made("16 relu, 16 relu", INPUTS * 3, INPUTS, "mean_squared_error")
    run = descended(network, 100, "gradient_descent", 10)
    assert run.stop.reason is Reason.DIVERGED
    assert "Lower the learning rate" in run.stop.advice
    assert np.isfinite(run.trace.last).all()
    assert np.isfinite(run.trace.loss).all()


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_that_a_loss_whose_way_overflows_is_infinite_and_so_diverged(loss):
    network = made("6 relu, 6 relu, 6 relu", loss=loss)
    x = np.full(network.dimension, 1e155)
    x[::3] *= -1
    assert network.value(x) == np.inf
    with np.errstate(all="ignore"):  # as in a run
        assert network.value_and_gradient(x)[0] == np.inf


def test_that_the_digits_are_learned_within_a_few_hundred_steps():
    network = problems.get("digits_network")
    assert isinstance(network, Network)
    run = descended(network, 700, rate=1e-3)
    assert network.metrics(run.trace.last)["test_accuracy"] >= 0.95
