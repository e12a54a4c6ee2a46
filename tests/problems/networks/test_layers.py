"""Each layer, activation and loss: its gradient against differences, its limits, and the text it is written as."""

import numpy as np
import pytest

from gdviewer import problems
from gdviewer.problems.networks.activations import ACTIVATIONS
from gdviewer.problems.networks.layer import LayerShapeError
from gdviewer.problems.networks.layers.dense import Dense
from gdviewer.problems.networks.losses import LOSSES
from gdviewer.problems.networks.notation import layers_of, text_of
from gdviewer.problems.problem import central_difference

TABLE, IMAGES, SEQUENCES = (7, 3), (4, 7, 6, 2), (5, 4, 2)
LAYERS = [
    ("5", TABLE),
    ("", TABLE),
    ("5, dropout 0.5, 4", TABLE),
    ("dropout 0.3", TABLE),
    ("flatten, 3", IMAGES),
    ("3", IMAGES),
    ("conv 3 3x3, flatten", IMAGES),
    ("conv 2 3x2 stride 2 pad 1, conv 3 2x2, flatten", IMAGES),
    ("conv 2 7x6, flatten", IMAGES),
    ("maxpool 2, conv 2 2x2, flatten", IMAGES),
    ("conv 2 2x2, maxpool 3 stride 2, flatten", IMAGES),
    ("conv 2 2x2 pad 2, avgpool 3 stride 1, flatten", IMAGES),
    ("avgpool 2, flatten, 4", IMAGES),
    ("rnn 3", SEQUENCES),
    ("3, rnn 4 every, rnn 3", SEQUENCES),
    ("rnn 4 every, 3, flatten", SEQUENCES),
]


def data(shape, classes=0, numbers=2, per_step=False):
    rng = np.random.default_rng(3)
    places = shape[:2] if per_step else shape[:1]
    targets = np.arange(np.prod(places)).reshape(places) % classes if classes else rng.normal(size=(*places, numbers))
    return rng.normal(size=shape), targets


def assert_gradient_is_that_of_differences(network, at=None):
    x = network.start + 0.3 * np.random.default_rng(5).normal(size=network.dimension) if at is None else at
    differences = central_difference(network.value, x)
    assert np.abs(network.gradient(x) - differences).max() <= 1e-8 * max(1, np.abs(differences).max())


@pytest.mark.parametrize(("layers", "shape"), LAYERS)
def test_that_the_gradient_of_each_layer_is_that_of_differences(layers, shape):
    network = problems.network(layers, *data(shape), "mean_squared_error", batch_size=None)
    assert_gradient_is_that_of_differences(network.batch(1, 0))  # with the dropout of a step


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_that_the_gradient_of_each_activation_is_that_of_differences(activation):
    network = problems.network(f"4 {activation}, 3 {activation}", *data(TABLE), "mean_squared_error", batch_size=None)
    assert_gradient_is_that_of_differences(network)
    network = problems.network(f"conv 3 2x2 {activation}, flatten", *data(IMAGES), "huber", batch_size=None)
    assert_gradient_is_that_of_differences(network)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_that_the_gradient_of_each_loss_is_that_of_differences(name, per_step, classes):
    if name == "binary_cross_entropy" and classes == 3:
        return
    given = data(SEQUENCES, classes if LOSSES[name].classes else 0, per_step=per_step)
    network = problems.network("rnn 3" + " every" * per_step, *given, name, batch_size=None)
    assert_gradient_is_that_of_differences(network)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [1e3, 1e150])
def test_that_outputs_of_any_size_give_finite_losses_and_slopes(name, size):
    loss = LOSSES[name]
    z = size * np.array([[1.0, -1.0], [-1.0, 1.0], [0.0, -1.0], [1.0, 1.0]])
    y = np.array([0, 0, 1, 1]) if loss.classes else np.zeros((4, 2))
    if loss.classes and loss.outputs(2, 0) == 1:
        z = z[:, :1]
    cost, delta = loss.cost(z, y)
    assert np.isfinite(cost) or (name, size) == ("mean_squared_error", 1e150)
    assert np.isfinite(delta).all()
    assert np.isfinite(loss.prediction(z)).all()


def test_that_cross_entropies_are_exact_for_outputs_of_a_thousand():
    z = np.array([[1000.0, -1000.0], [-1000.0, 1000.0]])
    cost, delta = LOSSES["cross_entropy"].cost(z, np.array([0, 0]))
    assert (cost, delta.tolist()) == (1000.0, [[0, 0], [-0.5, 0.5]])
    cost, delta = LOSSES["binary_cross_entropy"].cost(z[:, :1], np.array([0, 0]))
    assert (cost, delta.tolist()) == (500.0, [[0.5], [0]])
    # A class that is predicted right but for e⁻⁴⁰: the slope is not lost beside 1.
    _, delta = LOSSES["binary_cross_entropy"].cost(np.array([[40.0]]), np.array([1]))
    assert delta[0, 0] == pytest.approx(-np.exp(-40), rel=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_that_activations_are_finite_for_numbers_of_a_thousand(activation):
    z = np.array([[-1000.0, -30.0, 0.0, 30.0, 1000.0]])
    a, kept = ACTIVATIONS[activation].forward(z, ())
    assert np.isfinite(a).all()
    assert np.isfinite(ACTIVATIONS[activation].backward(np.ones_like(a), (), kept, (), False)).all()


def test_that_of_equal_numbers_in_a_window_the_first_has_the_slope():
    images = np.ones((2, 2, 2, 1))
    network = problems.network("maxpool 2, flatten", images, [1.0, 2.0], "mean_squared_error", scaling="none")
    pool = network.architecture.layers[0]
    out, kept = pool.forward(images, ())
    assert out.ravel().tolist() == [1, 1]
    delta = pool.backward(np.ones((2, 1, 1, 1)), (), kept, (), False)
    assert delta[0, ..., 0].tolist() == [[1, 0], [0, 0]]


def test_that_weights_that_are_not_finite_are_seen_through_a_pool():
    images = np.array([1.0, np.nan, 2.0, 3.0]).reshape(1, 2, 2, 1)
    for pool in layers_of("maxpool 2, avgpool 2"):
        assert np.isnan(pool.forward(images, ())[0]).all()


@pytest.mark.parametrize(
    "text",
    [
        "32", "32 relu", "8, 16 identity", "conv 8 3x3", "conv 8 5x3 stride 2 pad 1 relu", "maxpool 2",
        "maxpool 3 stride 2", "avgpool 2, flatten", "rnn 16, dropout 0.2", "rnn 16 every, 4 softmax", "",
    ],
)  # fmt: skip
def test_that_layers_are_written_as_they_are_read(text):
    assert text_of(layers_of(text)) == text


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("dense 32 ReLU", "32 relu"), ("conv 4", "conv 4 3x3"), ("conv 4 2", "conv 4 2x2"), (" 8 ,4", "8, 4"),
        ("conv 4 2×3 pad 1 stride 2", "conv 4 2x3 stride 2 pad 1"), ("maxpool 2 stride 2", "maxpool 2"),
    ],
)  # fmt: skip
def test_that_what_may_be_left_out_is_understood(text, means):
    assert text_of(layers_of(text)) == means


def test_that_layers_may_be_given_as_a_list_with_sizes_and_texts():
    inputs, targets = data(TABLE, 2)
    listed = problems.network([Dense(4), 5, "6 relu"], inputs, targets)
    assert listed.values["layers"] == "4 identity, 5, 6 relu"
    assert problems.network(4, inputs, targets).shape_text == "3-4-2"


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("dens 32", "no layer 'dens'; did you mean 'dense'"),
        ("32 rel", "'rel' is not understood; did you mean 'relu'"),
        ("0", "0 must be in 1"),
        ("8.5", "write it as dense 32 relu"),
        ("32,,8", "missing between two commas"),
        ("conv", "write it as conv 8 3x3"),
        ("conv 8 3x3 stride", "write it as conv 8 3x3"),
        ("maxpool 2 relu", "'relu' is not understood"),
        ("dropout 1", r"chance of being dropped must be in \[0, 1\); got 1"),
        ("dropout nan", "chance of being dropped"),
        ("rnn 16 all", "rnn 16 every"),
        (", ".join(["4"] * 51), "there are 51 layers; at most 50"),
    ],
)
def test_that_a_text_that_is_no_layer_says_what_to_write(text, reported):
    with pytest.raises(LayerShapeError, match=reported):
        layers_of(text)


@pytest.mark.parametrize(
    ("layers", "shape", "reported"),
    [
        ("conv 4 2x2, 8", IMAGES, "layer 2, 8 tanh: Flatten before Dense: the input is 6×5×4"),
        ("conv 4 2x2", IMAGES, "the output layer: Flatten before Dense: the input is 6×5×4"),
        ("conv 4", TABLE, "layer 1, conv 4 3x3 tanh: Conv2D needs images, .* a row of numbers, 3"),
        ("maxpool 2", SEQUENCES, "MaxPool2D needs images, .* a sequence, 4×2"),
        ("conv 4 9x9", IMAGES, "window of 9×9 does not fit: the input is 7×6×2"),
        ("8, rnn 4", TABLE, "layer 2, rnn 4: an RNN needs sequences, time×features: the input is 8"),
        ("rnn 4 every", SEQUENCES, "one target a sequence, but 4×2 comes out: end with an RNN"),
        ("", SEQUENCES, "one target a sequence, but 4×2 comes out: end with an RNN"),
        ("100000", (4, 100), "layer 1, 100000 tanh: there are more than 2,000,000 weights"),
        ("3000, 3000, 3000", TABLE, "layer 2, 3000 tanh: there are more than 2,000,000 weights"),
    ],
)
def test_that_layers_that_do_not_fit_are_reported_with_what_to_do(layers, shape, reported):
    with pytest.raises(LayerShapeError, match=reported):
        problems.network(layers, *data(shape), "mean_squared_error")


def test_that_a_target_at_each_step_needs_an_output_at_each_step():
    with pytest.raises(LayerShapeError, match="let the RNN give an output at every step"):
        problems.network("rnn 4", *data(SEQUENCES, 2, per_step=True))
