"""Every layer of the catalogue keeps what its base class promises."""

import subprocess
import sys

import numpy as np
import pytest

from gdviewer.problems.networks.generators import GENERATORS
from gdviewer.problems.networks.layer import LayerShapeError, shape_text
from gdviewer.problems.networks.layers import catalogue
from gdviewer.problems.networks.notation import layers_of, text_of

ROWS = 5
SHAPES = [(3,), (4, 2), (7, 6, 2)]  # a row of numbers, a sequence, an image
# Of each kind the layer that the builder adds, and the one that messages suggest.
LAYERS = [kind.default() for kind in catalogue().values()]
LAYERS += [layers_of(kind.example.partition(", or ")[0])[0] for kind in catalogue().values()]


def fits(layer, shape):
    """True if a layer takes examples of a shape."""
    try:
        layer.weights(shape)
    except LayerShapeError:
        return False
    return True


def made(layer, shape):
    """Some examples, and some weights of the declared shapes."""
    rng = np.random.default_rng(1)
    a = rng.normal(size=(ROWS, *shape))
    a.setflags(write=False)
    return a, [rng.normal(size=weight.shape) for weight in layer.weights(shape).values()]


each_kind = pytest.mark.parametrize("kind", catalogue().values(), ids=catalogue())
each_layer = pytest.mark.parametrize("layer", LAYERS, ids=str)
FITTING = [(layer, shape) for layer in LAYERS for shape in SHAPES if fits(layer, shape)]
each_fitting = pytest.mark.parametrize(("layer", "shape"), FITTING, ids=lambda x: str(x).replace(", ", "-"))


@each_kind
def test_that_it_is_declared_and_has_something_to_do(kind):
    assert kind.title
    assert kind.meaning.endswith(".")
    assert kind.word == kind.word.lower()
    assert all(entry.title and entry.meaning for entry in kind.entries().values())
    assert {kind} <= {type(layer) for layer, _ in FITTING}


@each_layer
def test_that_it_is_read_as_it_is_written(layer):
    assert layers_of(text_of([layer])) == (layer,)


@each_layer
def test_that_each_of_its_fields_can_be_set_within_its_range(layer):
    for name, entry in layer.entries().items():
        values = {"activation": ["gelu", None], "every": [False, True]}.get(name, [entry.low, entry.high])
        for value in values:
            other = layer.resized(name, value)
            assert getattr(other, name) == value
            assert layers_of(text_of([other])) == (other,)


@pytest.mark.parametrize("shape", SHAPES, ids=shape_text)
@each_layer
def test_that_a_mismatch_says_what_comes_in(layer, shape):
    if not fits(layer, shape):
        with pytest.raises(LayerShapeError, match=rf"the input is .*{shape_text(shape)}$"):
            layer.weights(shape)


@each_fitting
def test_that_shapes_are_as_declared_and_derivatives_those_of_differences(layer, shape):
    a, w = made(layer, shape)
    layer = layer.drawn(ROWS, shape, np.random.default_rng(4))
    out, kept = layer.forward(a, w)
    assert out.shape == (ROWS, *layer.output(shape))
    delta = np.random.default_rng(2).normal(size=out.shape)
    gradient, of_first = ([np.full(part.shape, np.nan) for part in w] for _ in range(2))
    by_input = layer.backward(delta, w, kept, gradient, False)
    layer.backward(delta, w, kept, of_first, True)
    arrays = [a, *w]
    for i, derivative in enumerate([by_input, *gradient]):
        assert derivative.shape == arrays[i].shape
        for position in np.ndindex(derivative.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = arrays[i].copy()
                moved[position] += step
                moved_a, *moved_w = [*arrays[:i], moved, *arrays[i + 1 :]]
                ends.append((layer.forward(moved_a, moved_w)[0] * delta).sum())
            assert derivative[position] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)
    for part, same in zip(gradient, of_first, strict=True):
        assert np.array_equal(part, same)


@each_fitting
def test_that_what_pages_ask_for_is_there(layer, shape):
    a, w = made(layer, shape)
    out, weights = layer.forward(a, w)[0], layer.weights(shape)
    for weight in weights.values():
        assert weight.fans is None or min(weight.fans) >= 1
        assert not weight.title or weight.shape == out.shape[-1:]  # one number for each unit
    assert layer.weight_uses(shape) >= 1
    if layer.filter_weight:
        assert weights[layer.filter_weight].shape[2:] == (shape[-1], out.shape[-1])
    if layer.has_states:
        states = layer.states(a, w)
        assert states.shape[:2] == a.shape[:2]
        assert np.array_equal(states[:, -1], out if out.ndim == 2 else out[:, -1])
    slope = layer.relative_slope(out)
    assert slope is None or ((slope >= 0) & (slope <= 1)).all()
    assert layer.random == (layer.drawn(ROWS, shape, np.random.default_rng(0)) is not layer)


def test_that_texts_of_the_screen_are_there_without_docstrings():
    code = """
from gdviewer.problems.networks.generators import GENERATORS
from gdviewer.problems.networks.layers import catalogue
texts = [entry.meaning for entry in (*catalogue().values(), *GENERATORS.values())]
print(len(texts), all(texts), catalogue.__doc__)
"""
    done = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == [str(len(catalogue()) + len(GENERATORS)), "True", "None"], done.stderr
