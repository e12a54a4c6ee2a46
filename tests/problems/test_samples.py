"""Sampled values: the article's outputs, both readings of an array, and files good and bad."""

import numpy as np
import pytest

import gdviewer
from gdviewer import optimizers
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.problems.samples import MAX_COMPONENTS, MAX_SAMPLES, SampledCurve, SampledVector, read_file, read_text

# The three calls of the classic article and what they print, which is 9 digits.
ARTICLE = [
    ([1, 2, 4, 7, 11, 16], 10, 0.01, [9.5, 9.25, 8.75, 8.25, 7.75, 7.5]),
    ([2, 4], 10, 0.1, [2.05391260e-15, 2.05391260e-15]),
    ([2, 4], 10, 0.001, [9.9, 9.9]),
]


@pytest.mark.parametrize(("samples", "start", "learning_rate", "published"), ARTICLE)
def test_that_the_article_s_outputs_are_reproduced_to_the_last_digit(samples, start, learning_rate, published):
    by_function = gdviewer.GD(samples, start, learning_rate)
    problem = SampledVector(samples)
    limits = Limits(tolerance=1e-5, max_steps=50)
    hyperparameters = {"learning_rate": learning_rate}
    run = Run(problem, optimizers.get("gradient_descent"), problem.start, hyperparameters, limits)
    run.advance(50)
    assert [float(f"{component:.9g}") for component in by_function] == published
    assert np.array_equal(run.trace.x[-1], by_function)
    assert run.stop.reason is Reason.STEP_LIMIT


def test_that_a_vector_stops_by_tolerance_before_its_first_move():
    problem = SampledVector([1, 1 + 1e-6, 1 + 2e-6])
    run = Run(problem, optimizers.get("gradient_descent"), problem.start, {"learning_rate": 1}, Limits())
    run.advance(50)
    assert (run.step, run.stop.reason) == (0, Reason.TOLERANCE)


def test_that_a_curve_reads_its_slope_from_differences_between_neighbours():
    curve = SampledCurve([1, 2, 4, 7, 11, 16])
    assert np.array_equal(curve.gradient(np.arange(6.0)[:, None])[:, 0], np.gradient([1, 2, 4, 7, 11, 16]))
    assert curve.gradient([2.5])[0] == 3.0
    assert curve.value([2.5]) == 5.5
    assert np.isnan(curve.value([-0.1]))
    assert np.isnan(curve.value([5.1]))
    assert curve.domain.tolist() == [[0, 5]]
    assert curve.minima.tolist() == [[0]]
    assert curve.minimum_kinds == ("global",)
    assert curve.lowest == curve.samples.min()


def test_that_a_curve_with_positions_is_a_function_of_them():
    x = np.array([-2, -1, 0.5, 3])
    curve = SampledCurve(x**2, x)
    assert curve.axis_names == ("x",)
    assert np.array_equal(curve.gradient(x[:, None])[:, 0], np.gradient(x**2, x))
    assert curve.minima.tolist() == [[0.5]]


def test_that_a_descent_along_a_curve_ends_at_its_lowest_sample_or_leaves_the_samples():
    x = np.linspace(-2, 2, 401)
    problem = SampledCurve(x**2, x)
    run = Run(problem, optimizers.get("gradient_descent"), [-1.5], {"learning_rate": 0.1}, Limits())
    run.advance(1000)
    assert run.stop.reason is Reason.TOLERANCE
    assert abs(run.trace.x[-1, 0]) < 1e-3
    falling = SampledCurve([5, 4, 3, 2, 1])
    run = Run(falling, optimizers.get("gradient_descent"), falling.start, {"learning_rate": 1}, Limits())
    run.advance(1000)
    assert run.stop.reason is Reason.LEFT_DOMAIN


@pytest.mark.parametrize(
    "problem",
    [SampledCurve([3, 1, 4, 1, 5, 9]), SampledCurve([3, 1, 4], [0, 0.5, 2]), SampledVector(np.arange(9) ** 1.5)],
    ids=["indexed", "placed", "vector"],
)
def test_that_many_points_are_answered_bit_for_bit_as_each_alone(problem):
    n = problem.dimension
    points = np.random.default_rng(0).uniform(-0.5, 2.5, (300, n))
    before = points.copy()
    for ask in (problem.value, problem.gradient, problem.hessian):
        alone = np.array([ask(point) for point in points])
        assert np.array_equal(ask(points), alone, equal_nan=True)
        assert np.array_equal(ask(points.reshape(20, 15, n)).reshape(alone.shape), alone, equal_nan=True)
        assert np.array_equal(ask(np.asfortranarray(points)), alone, equal_nan=True)
    assert np.array_equal(points, before)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([], "at least two samples; got 0"),
        ([1], "at least two samples; got 1"),
        ([[1, 2], [3, 4]], r"one row or column of numbers; got an array of shape \(2, 2\)"),
        (3, r"got an array of shape \(\)"),
        ([1, 2, np.nan], "sample 3 is not a finite number"),
        ([1, -np.inf, 2], "sample 2 is not a finite number"),
        (["a", "b"], "could not convert"),
        (np.zeros(MAX_SAMPLES + 1), "1,000,001 samples; at most 1,000,000 are read"),
    ],
)
@pytest.mark.parametrize("reading", [SampledCurve, SampledVector])
def test_that_samples_of_wrong_form_are_refused(reading, samples, message):
    with pytest.raises(ValueError, match=message):
        reading(samples)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([0, 1], "3 samples but 2 positions"),
        ([0, 1, 1], "finite and strictly increasing"),
        ([0, 2, 1], "finite and strictly increasing"),
        ([0, 1, np.inf], "finite and strictly increasing"),
    ],
)
def test_that_positions_of_wrong_form_are_refused(positions, message):
    with pytest.raises(ValueError, match=message):
        SampledCurve([1, 2, 3], positions)


def test_that_a_vector_of_very_many_components_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"10,001 samples; a vector of at most 10,000 .* along the curve"):
        SampledVector(np.arange(MAX_COMPONENTS + 1))


ONE_ROW = ([1.0, -2.5, 3e-3], None)
TWO_COLUMNS = ([5.0, 6.0, 7.0], [0.0, 0.5, 1.0])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1, -2.5, 3e-3", ONE_ROW),
        ("1 -2.5   3e-3", ONE_ROW),
        ("1;-2.5;3e-3", ONE_ROW),
        ("1\t-2.5\t3e-3\n", ONE_ROW),
        ("1, -2.5, 3e-3,", ONE_ROW),
        ("[1, -2.5, 3e-3]", ONE_ROW),
        ("[1, -2.5,\n 3e-3]", ONE_ROW),
        ("[ 1.   -2.5\n  0.003]", ONE_ROW),
        ("array([1, -2.5, 3e-3])", ONE_ROW),
        ("np.array([1, -2.5, 3e-3], dtype=float)", ONE_ROW),
        ("1\n-2.5\n3e-3", ONE_ROW),
        ("1\r\n-2.5\r\n3e-3\r\n", ONE_ROW),
        ("\n\n1\n\n-2.5\n3e-3\n\n", ONE_ROW),
        ("loss\n1\n-2.5\n3e-3", ONE_ROW),
        ('"loss (m/s²)"\n1\n-2.5\n3e-3', ONE_ROW),
        ("# measured\n1\n-2.5  # odd\n3e-3", ONE_ROW),
        ("0,5\n0.5,6\n1,7", TWO_COLUMNS),
        ("x,y\n0,5\n0.5,6\n1,7", TWO_COLUMNS),
        ("time (s);loss\n0;5\n0.5;6\n1;7", TWO_COLUMNS),
        ("x1\ty2\n0\t5\n0.5\t6\n1\t7", TWO_COLUMNS),
        ("x y\n0 5\n0.5 6\n1 7", TWO_COLUMNS),
        ("1,7\n0,5\n0.5,6", TWO_COLUMNS),
        ("[[0, 5], [0.5, 6], [1, 7]]", TWO_COLUMNS),
        ("array([[0. , 5. ],\n       [0.5, 6. ],\n       [1. , 7. ]])", TWO_COLUMNS),
    ],
)
def test_that_text_is_read(text, read):
    samples, positions = read_text(text)
    assert samples.tolist() == read[0]
    assert (None if positions is None else positions.tolist()) == read[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there are no numbers in it"),
        ("\n \n# only words\n", "there are no numbers in it"),
        ("hello", "there are no numbers in it"),
        ("7", "at least two samples; got 1"),
        ("x\n7", "at least two samples; got 1"),
        ("1\nabc\n3", "line 2, column 1: 'abc' is not a number"),
        ("1,2\n3,4\n5,x6", "line 3, column 2: 'x6' is not a number"),
        ("1,,3", "line 1, column 2 is empty"),
        ("1\n2\nnan", "line 3, column 1: nan is not a finite number"),
        ("1,2\n3,inf", "line 2, column 2: inf is not a finite number"),
        ("1e999\n2", "line 1, column 1: 1e999 is not a finite number"),
        ("1,2\n3\n4,5", "line 2 has 1 columns, but the first row has 2"),
        ("1,2\n\n3,4,5", "line 3 has 3 columns, but the first row has 2"),
        ("1,2,3\n4,5,6", r"3 columns; one .* or two"),
        ("a,b,c\n1,2,3\n4,5,6", r"3 columns; one .* or two"),
        ("1,5;2,5", "line 1, column 1: '1,5' is not a number"),
        ("1 1\n1 2\n3 3", "x = 1 stands there twice"),
        ("names\nwords\n1", "line 2, column 1: 'words' is not a number"),
        ("1\n" + "z" * 500, "line 2, column 1: 'z{20}…' is not a number"),
        ("1\n" * (MAX_SAMPLES * 3), "more than 1,000,000 rows"),
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_that_bad_text_is_refused_with_its_place(text, message):
    with pytest.raises(ValueError, match=message):
        read_text(text)


@pytest.mark.parametrize("name", ["samples.csv", "samples.txt", "samples"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_that_text_files_are_read(tmp_path, name, encoding):
    path = tmp_path / name
    path.write_text("x,f\n0,5\n0.5,6\n1,7\n", encoding=encoding)
    samples, positions = read_file(path)
    assert (samples.tolist(), positions.tolist()) == TWO_COLUMNS
    assert read_file(str(path))[0].tolist() == samples.tolist()


@pytest.mark.parametrize(
    ("array", "read"),
    [
        (np.array([1, -2.5, 3e-3]), ONE_ROW),
        (np.array([[1, -2.5, 3e-3]]), ONE_ROW),
        (np.array([[1], [-2.5], [3e-3]]), ONE_ROW),
        (np.array([3, 4], dtype=np.uint8), ([3.0, 4.0], None)),
        (np.array([[0, 5], [0.5, 6], [1, 7]]), TWO_COLUMNS),
        (np.array([[0, 0.5, 1], [5, 6, 7]]), TWO_COLUMNS),
    ],
)
def test_that_arrays_of_numpy_are_read(tmp_path, array, read):
    np.save(tmp_path / "samples.npy", array)
    samples, positions = read_file(tmp_path / "samples.npy")
    assert samples.dtype == np.float64
    assert samples.tolist() == read[0]
    assert (None if positions is None else positions.tolist()) == read[1]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([1 + 2j, 3]), "samples.npy holds complex128, not real numbers"),
        (np.array(["a", "b"]), "holds <U1, not real numbers"),
        (np.array([{}, []], dtype=object), "is not a NumPy array of numbers"),
        (np.zeros((3, 3)), r"got an array of shape \(3, 3\)"),
        (np.zeros((2, 2, 2)), r"got an array of shape \(2, 2, 2\)"),
        (np.array(1.0), r"got an array of shape \(\)"),
        (np.array([1.0]), "at least two samples; got 1"),
        (np.array([]), "at least two samples; got 0"),
        (np.array([1, np.nan]), "sample 2 is not a finite number"),
        (np.zeros(MAX_SAMPLES + 1), "at most 1,000,000 are read"),
    ],
    ids=lambda array: getattr(array, "dtype", array),
)
def test_that_arrays_of_wrong_form_are_refused(tmp_path, array, message):
    np.save(tmp_path / "samples.npy", array, allow_pickle=True)
    with pytest.raises(ValueError, match=message):
        read_file(tmp_path / "samples.npy")


def test_that_files_that_are_not_what_they_are_called_are_refused(tmp_path):
    (tmp_path / "text.npy").write_text("1,2,3")
    (tmp_path / "empty.npy").touch()
    with (tmp_path / "archive.npy").open("wb") as archive:
        np.savez(archive, a=np.zeros(3))
    np.save(tmp_path / "cut.npy", np.zeros(100))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:200])
    for name in ("text.npy", "empty.npy", "archive.npy", "cut.npy"):
        with pytest.raises(ValueError, match=f"{name} is not a NumPy array of numbers"):
            read_file(tmp_path / name)
    (tmp_path / "picture.csv").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match=r"picture\.csv is not a text file of numbers"):
        read_file(tmp_path / "picture.csv")
    with (tmp_path / "huge.csv").open("wb") as huge:
        huge.truncate(10**9)
    with pytest.raises(ValueError, match=r"huge\.csv is larger than"):
        read_file(tmp_path / "huge.csv")
    with pytest.raises(OSError, match=r"missing\.csv"):
        read_file(tmp_path / "missing.csv")
