"""Data for networks: what is accepted and refused, how it is split, and how it is scaled."""

import numpy as np
import pytest

from gdviewer.problems.networks.dataset import dataset, dataset_of
from gdviewer.problems.networks.generators import make
from gdviewer.problems.table import table_of

TABLE = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]
IMAGES = np.arange(4 * 3 * 5 * 2.0).reshape(4, 3, 5, 2)
SEQUENCES = np.arange(4 * 6 * 1.0).reshape(4, 6, 1)


@pytest.mark.parametrize(
    ("inputs", "kind", "shape", "names"),
    [
        ([1, 2, 3, 4], "table", (4, 1), ("x",)),
        (TABLE, "table", (4, 2), ("x₁", "x₂")),
        (SEQUENCES, "sequences", (4, 6, 1), ("x",)),
        (IMAGES, "images", (4, 3, 5, 2), ("channel 1", "channel 2")),
        (IMAGES[..., :1], "images", (4, 3, 5, 1), ("brightness",)),
    ],
)
def test_that_the_shape_of_inputs_distinguishes_tables_sequences_and_images(inputs, kind, shape, names):
    made = dataset(inputs, ["a", "b", "a", "b"])
    assert (made.kind, made.inputs.shape, made.input_names, len(made)) == (kind, shape, names, 4)
    assert made.inputs.dtype == np.float64


@pytest.mark.parametrize(
    ("targets", "classes", "numbers"),
    [
        (["no", "yes", "maybe", "no"], ("maybe", "no", "yes"), [1, 2, 0, 1]),
        ([3, 1, 7, 1], ("1", "3", "7"), [1, 0, 2, 0]),
        ([True, False, True, True], ("0", "1"), [1, 0, 1, 1]),
        (np.array(["b", "a", "b", "b"], dtype=object), ("a", "b"), [1, 0, 1, 1]),
        ([b"b", b"a", b"b", b"b"], ("a", "b"), [1, 0, 1, 1]),
    ],
)
def test_that_texts_and_whole_numbers_are_classes_in_their_order(targets, classes, numbers):
    made = dataset(TABLE, targets)
    assert made.classes == classes
    assert made.targets.tolist() == numbers
    assert made.targets.dtype == np.int64


def test_that_floats_are_numbers_with_an_axis_of_outputs_and_whole_numbers_are_if_that_is_said():
    assert dataset(TABLE, [0.0, 1.0, 1.0, 0.0]).targets.tolist() == [[0], [1], [1], [0]]
    assert dataset(TABLE, [0, 1, 1, 0], classes=()).targets.tolist() == [[0], [1], [1], [0]]
    assert dataset(TABLE, np.ones((4, 3))).targets.shape == (4, 3)
    assert dataset(SEQUENCES, np.ones((4, 6, 2))).targets.shape == (4, 6, 2)


@pytest.mark.parametrize("targets", [[2, 0, 0, 2], [2.0, 0.0, 0.0, 2.0], ["c", "a", "a", "c"]])
def test_that_classes_that_are_named_are_kept_though_no_row_is_in_them(targets):
    made = dataset(TABLE, targets, classes=["a", "b", "c"])
    assert made.classes == ("a", "b", "c")
    assert made.targets.tolist() == [2, 0, 0, 2]


@pytest.mark.parametrize(
    ("inputs", "targets", "per_step"),
    [
        (SEQUENCES, np.eye(4, 6, dtype=int), True),
        (SEQUENCES, [0, 1, 0, 1], False),
        (SEQUENCES, np.zeros((4, 6, 1)), True),
        (SEQUENCES, np.zeros((4, 2)), False),
        (TABLE, [0.5, 1, 2, 3], False),
        (TABLE, [0, 1, 2, 3], False),
    ],
)
def test_that_targets_may_stand_at_each_time_step_or_once_for_a_row(inputs, targets, per_step):
    assert dataset(inputs, targets).per_step is per_step


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        ([], [], "there are no rows; at least one is needed"),
        (np.ones((2, 3, 4, 5, 6)), [0, 1], r"or \(rows, height, width, channels\); got \(2, 3, 4, 5, 6\)"),
        (np.ones((4, 0)), [0, 1, 0, 1], r"got \(4, 0\)"),
        ([["a", "b"]] * 4, [0, 1, 0, 1], "inputs must be numbers"),
        ([[1, 2], [3]], [0, 1], "the rows of inputs are not all of one length"),
        (TABLE, [[1], [2, 3], [4], [5]], "the rows of y are not all of one length"),
        ([[1, 2], [3, np.nan]], [0, 1], "row 2 of x₂ is nan; .*: enter a number, or remove the row"),
        ([[1, 2], [-np.inf, 4]], [0, 1], "row 2 of x₁ is -inf"),
        ([[1, 1e200], [3, 4]], [0, 1], r"row 1 of x₂ is 1e\+200; it must be finite and ≤ 1e\+150"),
        (np.where(SEQUENCES == 8, np.nan, SEQUENCES), [0, 1, 0, 1], "row 2 of x at time 3 is nan"),
        (np.where(IMAGES == 37, np.nan, IMAGES), [0, 1, 0, 1], "row 2 of channel 2 at line 1 and column 4 is nan"),
        (TABLE, [1, 2, np.nan, 4], "row 3 of y is nan"),
        (TABLE, ["a", "b", None, "a"], "row 3 of y is None, which is not a class; remove the row"),
        (TABLE, ["a", "a", "a", "a"], "every row of y is a, so there is one class only; at least two are needed"),
        (TABLE, [0, 1, 0], r"y has shape \(3,\); beside inputs of shape \(4, 2\) it has \(rows,\)"),
        (TABLE, np.zeros((4, 2, 2)), r"it has \(rows, outputs\)$"),
        (TABLE, np.eye(4, 2, dtype=int), r"it has \(rows,\)$"),
        (SEQUENCES, np.eye(4, 5, dtype=int), r"it has \(rows,\) or \(rows, time\)$"),
        (SEQUENCES, np.ones((4, 5, 2)), r"it has \(rows, outputs\) or \(rows, time, outputs\)$"),
        (TABLE, np.ones((4, 0)), r"y has shape \(4, 0\)"),
    ],
)
def test_that_what_is_wrong_is_reported_with_row_and_column(inputs, targets, message):
    with pytest.raises(ValueError, match=message):
        dataset(inputs, targets)


@pytest.mark.parametrize(
    ("targets", "classes", "message"),
    [
        (
            [0, 1, 2, 0],
            ["a", "b"],
            "row 3 of y is 2, which is none of the classes a, b, nor the number of one from 0 to 1",
        ),
        ([0, 1, -1, 0], ["a", "b"], "row 3 of y is -1"),
        ([0, 0.5, 1, 0], ["a", "b"], "row 2 of y is 0.5"),
        ([0, np.nan, 1, 0], ["a", "b"], "row 2 of y is nan"),
        (["a", "b", "a", "x"], ["a", "b"], "row 4 of y is x"),
        ([0, 0, 0, 0], ["a"], "classes are two different names or more; got 'a'"),
        ([0, 0, 0, 0], ["a", "a"], "classes are two different names or more; got 'a', 'a'"),
    ],
)
def test_that_targets_outside_the_classes_that_are_named_are_reported(targets, classes, message):
    with pytest.raises(ValueError, match=message):
        dataset(TABLE, targets, classes)


def test_that_names_must_be_as_many_as_features():
    assert dataset(TABLE, [0, 1, 0, 1], input_names=["a", "b"], target_name="c").input_names == ("a", "b")
    with pytest.raises(ValueError, match="there are 2 features but 1 names for them"):
        dataset(TABLE, [0, 1, 0, 1], input_names=["a"])
    with pytest.raises(ValueError, match="there are 2 channels but 3 names for them"):
        dataset(IMAGES, [0, 1, 0, 1], input_names=["red", "green", "blue"])


def test_that_data_can_not_be_changed_and_the_arrays_they_were_made_of_can():
    inputs, targets = np.array(TABLE), np.array([0.0, 1.0, 2.0, 3.0])
    made = dataset(inputs, targets)
    inputs[0, 0] = targets[0] = 9
    assert made.inputs[0, 0] == 1
    assert made.targets[0, 0] == 0
    for array in (made.inputs, made.targets, *(part.inputs for part in made.split(0.5))):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize("share", [0.1, 0.2, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("name", ["blobs", "xor", "sine", "echo", "parity"])
def test_that_a_split_is_complete_and_disjoint(name, share):
    whole = make(name, samples=101)
    marked = dataset(np.arange(101.0), whole.targets if not whole.per_step else whole.targets[:, 0], whole.classes)
    train, test = marked.split(share, seed=3)
    assert len(test) == round(101 * share)
    assert sorted([*train.inputs[:, 0], *test.inputs[:, 0]]) == list(range(101))
    for part in (train, test):
        assert np.array_equal(part.targets, marked.targets[part.inputs[:, 0].astype(int)])
        assert part.classes == whole.classes


@pytest.mark.parametrize("sizes", [(50, 50), (90, 10), (7, 5, 3), (2, 2), (98, 2), (3, 0, 4)])
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.8])
def test_that_both_parts_have_the_share_of_each_class(sizes, share):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    train, test = dataset(np.arange(float(len(labels))), labels, [f"class {i}" for i in range(len(sizes))]).split(share)
    tested = np.bincount(test.targets, minlength=len(sizes))
    assert (np.abs(tested - share * np.array(sizes)) <= 1.5).all()  # to a row, and half a one as the whole is rounded
    assert (np.bincount(train.targets, minlength=len(sizes))[np.array(sizes) > 0] > 0).all()


def test_that_a_split_is_that_of_its_seed():
    whole = make("moons")
    first, same, other = (whole.split(0.2, seed)[1].inputs for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_that_a_class_of_one_row_lets_rows_be_drawn_by_chance():
    whole = dataset(np.arange(20.0), [1] + [0] * 19)
    tested = [whole.split(0.5, seed)[1] for seed in range(20)]
    assert {len(test) for test in tested} == {10}
    assert {int(test.targets.sum()) for test in tested} == {0, 1}


def test_that_without_test_data_the_whole_is_trained_on_and_nothing_is_copied():
    whole = make("moons")
    train, test = whole.split(0)
    assert train is whole
    assert len(test) == 0
    assert test.inputs.shape == (0, 2)
    assert test.origin == "no test data of 200 rows made with seed 1"


def test_that_one_row_can_be_trained_on_but_not_tested():
    one = dataset([[1.0, 2.0]], [3.0])
    train, test = one.split(0.5)
    assert (len(train), len(test)) == (1, 0)
    assert test.origin == "no test data of 1 row"
    assert len(dataset([[1.0, 2.0]], [1], classes=["a", "b"])) == 1


def test_that_a_part_says_how_much_of_the_whole_it_is():
    train, test = make("moons").split(0.25)
    assert train.origin == "150 of 200 rows made with seed 1"
    assert test.origin == "50 of 200 rows made with seed 1"


@pytest.mark.parametrize("share", [-0.1, 1, np.nan])
def test_that_a_share_that_leaves_nothing_to_train_on_is_refused(share):
    with pytest.raises(ValueError, match="the share of test data is from 0 to below 1; got"):
        make("moons").split(share)


@pytest.mark.parametrize("inputs", [np.array(TABLE), SEQUENCES, IMAGES], ids=["table", "sequences", "images"])
def test_that_each_feature_or_channel_is_scaled_as_one(inputs):
    made = dataset(inputs, [0, 1, 0, 1])
    axes = tuple(range(inputs.ndim - 1))
    standard = made.scaled(made.scaling("standardise")).inputs
    assert standard.mean(axis=axes) == pytest.approx(0, abs=1e-12)
    assert standard.std(axis=axes) == pytest.approx(1)
    unit = made.scaled(made.scaling("minmax")).inputs
    assert (unit.min(axis=axes) == 0).all()
    assert (unit.max(axis=axes) == 1).all()
    assert made.scaling("none").apply(made.inputs) is made.inputs


def test_that_test_rows_are_scaled_by_what_the_training_rows_are():
    train, test = dataset(np.arange(10.0) ** 3, np.arange(10.0)).split(0.3, seed=1)
    scaling = train.scaling("standardise")
    expected = (test.inputs - train.inputs.mean()) / train.inputs.std()
    assert test.scaled(scaling).inputs == pytest.approx(expected)
    assert test.scaled(scaling).inputs.mean() != pytest.approx(0, abs=0.01)


FLOWERS = """length,width,kind,grade,shop
1.5,0.2,rose,1,a
2.5,0.4,tulip,2,b
3.5,0.1,lily,1,c
4.5,0.3,rose,2,d
5.5,0.9,lily,3,e
6.5,0.7,tulip,3,f
"""


def test_that_texts_of_a_table_are_as_many_classes_as_there_are():
    made = dataset_of(table_of(FLOWERS, "flowers.csv"), "kind", ["width", "length"])
    assert made.classes == ("lily", "rose", "tulip")
    assert made.targets.tolist() == [1, 2, 0, 1, 0, 2]
    assert made.inputs[0].tolist() == [0.2, 1.5]
    assert (made.input_names, made.target_name) == (("width", "length"), "kind")
    assert made.origin == "6 rows of flowers.csv"


def test_that_few_whole_numbers_that_return_are_recognised_as_classes_and_need_not_be():
    table = table_of(FLOWERS)
    assert dataset_of(table, "grade", ["width"]).classes == ("1", "2", "3")
    assert dataset_of(table, "grade", ["width"], classes=False).targets[:, 0].tolist() == [1, 2, 1, 2, 3, 3]
    assert dataset_of(table, "width", ["length"]).classes == ()
    assert dataset_of(table, "width", ["length"], classes=True).classes == ("0.1", "0.2", "0.3", "0.4", "0.7", "0.9")
    large = table_of("x,y\n1,1e20\n2,-1e20\n3,1e20\n4,-1e20\n")
    assert dataset_of(large, "y", ["x"]).classes == ("-1e+20", "1e+20")
    counted = table_of("\n".join(f"{row},{row * 10}" for row in range(6)))
    assert dataset_of(counted, "column 2", ["column 1"]).classes == ()
    assert dataset_of(counted, "column 2", ["column 1"], classes=True).classes == ("0", "10", "20", "30", "40", "50")


@pytest.mark.parametrize(
    ("text", "classes", "message"),
    [
        ("x,y\n1,a\n2,a\n", None, "every row of y is a, so there is one class only"),
        ("x,y\n1,7\n2,7\n", None, "every row of y is 7, so there is one class only"),
        ("x,y\n1,a\n2,\n3,b\n", None, "column 'y' has no value in line 3: fill it in"),
        ("x,y\n1,a\n?,b\n,a\n", None, "column 'x' has no value in lines 3, 4: fill it in"),
        ("x,y\nred,a\n2,b\n", None, "line 2, column 'x': 'red' is not a number"),
        ("x,y\n1,a\n2,b\n", False, "line 2, column 'y': 'a' is not a number"),
        (
            "x,y\n" + "".join(f"1,a{row}\n" for row in range(1001)),
            None,
            "has 1,001 different values; up to 1,000 classes",
        ),
    ],
)
def test_that_what_a_table_lacks_is_reported_with_its_line(text, classes, message):
    with pytest.raises(ValueError, match=message):
        dataset_of(table_of(text), "y", ["x"], classes)


def test_that_a_table_of_images_is_wide_enough():
    table = table_of("\n".join(",".join(map(str, [*range(row, row + 64), row % 3])) for row in range(6)))
    target, features = table.default_columns(classes=None, most=1024)
    made = dataset_of(table, target, features)
    assert made.inputs.shape == (6, 64)
    assert made.classes == ("0", "1", "2")
