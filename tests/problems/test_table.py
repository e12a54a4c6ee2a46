"""Tables of the user: reading a CSV, and messages for one that cannot be read."""

import numpy as np
import pytest

from gdviewer import problems
from gdviewer.problems.data import MAX_COLUMNS, MAX_ROWS
from gdviewer.problems.table import MAX_WIDTH, read_table, table_of

HOUSES = """size,rooms,city,price,sold
50,2,Rome,100,yes
80,3,"Paris, north",180,no
120,5,Rome,260,yes
"""


def test_that_columns_are_chosen_by_name():
    table = table_of(HOUSES, "houses.csv")
    assert table.names == ("size", "rooms", "city", "price", "sold")
    chosen = table.data("price", ["rooms", "size"])
    assert chosen.inputs.tolist() == [[2, 50], [3, 80], [5, 120]]
    assert chosen.targets.tolist() == [100, 180, 260]
    assert (chosen.input_names, chosen.target_name) == (("rooms", "size"), "price")
    assert chosen.origin == "3 rows of houses.csv"
    assert [table.is_numeric(name) for name in table.names] == [True, True, False, True, False]
    assert table.columns[2] == ("Rome", "Paris, north", "Rome")


def test_that_a_text_column_of_two_values_is_two_classes():
    chosen = table_of(HOUSES).data("sold", ["size"])
    assert chosen.classes == ("no", "yes")
    assert chosen.targets.tolist() == [1, 0, 1]


@pytest.mark.parametrize("mark", [",", ";", "\t", "; ", "  "])
def test_that_separators_are_distinguished(mark):
    text = "\n".join(mark.join(row) for row in (["a", "b", "y"], ["1", "2", "3"], ["4", "5", "6.5"]))
    assert table_of(text).data("y", ["a", "b"]).targets.tolist() == [3, 6.5]


def test_that_a_file_without_names_has_numbered_columns():
    table = table_of("1,2,a\n3,4,b\n")
    assert table.names == ("column 1", "column 2", "column 3")
    assert len(table.lines) == 2
    assert table_of("x,,x\n1,2,3\n4,5,6\n").names == ("x", "column 2", "x (3)")


def test_that_a_file_with_a_mark_of_its_encoding_comments_and_empty_lines_is_read(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes(b"\xef\xbb\xbf# made today\r\nx,y\r\n\r\n1,2\r\n3,4\r\n")
    table = read_table(path)
    assert table.names == ("x", "y")
    assert table.lines == (4, 5)
    assert np.array_equal(table.data("y", ["x"]).targets, [2, 4])


@pytest.mark.parametrize(
    ("text", "target", "features", "message"),
    [
        ("", "y", ["x"], "is empty"),
        ("x,y\n", "y", ["x"], "has 0 rows of data"),
        ("x,y\n1,2\n", "y", ["x"], "has 1 row of data; at least two"),
        ("x\n1\n2\n", "y", ["x"], "has 1 column; 2 to 1,025 can be read"),
        ("x,y\n1,2\n3\n", "y", ["x"], "line 3 has 1 columns, but the first has 2"),
        ('x,y\n1,"2\n3,4\n', "y", ["x"], "line 2: "),
        ("x,y\n1,2\n,4\n", "y", ["x"], "column 'x' has no value in line 3"),
        ("x,y\n1,2\n5,NA\n6,nan\n7,?\n8,\n", "y", ["x"], "column 'y' has no value in lines 3, 4, 5 and 1 more"),
        ("x,y\n1,2\nhigh,4\n", "y", ["x"], "line 3, column 'x': 'high' is not a number"),
        ("x;y\n1,5;2\n2,5;4\n", "y", ["x"], "line 2, column 'x': '1,5' is not a number"),
        ("x,y\n1,2\ninf,4\n", "y", ["x"], "line 3, column 'x': inf is not a finite number"),
        ("x,y\n1,2\n1e200,4\n", "y", ["x"], "row 2 of x is 1e[+]200"),
        ("x,y\n1,a\n2,b\n3,c\n", "y", ["x"], "y is text with 3 values"),
        ("x,y\n1,2\n3,4\n", "z", ["x"], "has no column 'z'; it has x, y"),
        ("x,y\n1,2\n3,4\n", "y", [], "choose at least one feature"),
        ("x,y\n1,2\n3,4\n", "y", ["x", "y"], "'y' can't be a feature and the target"),
        (",".join("1" * (MAX_WIDTH + 1)) + "\n", "y", ["x"], "has 1,026 columns"),
    ],
)
def test_that_what_cannot_be_used_is_reported_with_its_place(text, target, features, message):
    with pytest.raises(ValueError, match=message):
        table_of(text).data(target, features)


def test_that_a_regression_begins_with_as_many_features_as_it_can_have():
    wide = table_of("\n".join(",".join(map(str, range(row, row + 70))) for row in range(3)))
    target, features = wide.default_columns(classes=False)
    assert target == "column 70"
    assert len(wide.data(target, features).input_names) == MAX_COLUMNS
    with pytest.raises(ValueError, match=r"3 rows of 65 features; .* up to 64 features"):
        wide.data(target, wide.names[: MAX_COLUMNS + 1])


def test_that_files_that_are_too_large_or_no_text_are_refused(tmp_path):
    path = tmp_path / "large.csv"
    path.write_text("1,2\n" * (MAX_ROWS + 2))
    with pytest.raises(ValueError, match=r"large.csv has 100,002 rows; at most 100,000 are read"):
        read_table(path)
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(ValueError, match=r"large.csv is not a text file"):
        read_table(path)
    with pytest.raises(OSError, match="No such file"):
        read_table(tmp_path / "none.csv")


def test_that_a_table_becomes_a_regression():
    problem = problems.get("linear_regression").with_data(table_of(HOUSES).data("price", ["size"]))
    assert problem.coefficients(problem.minima[0]) == pytest.approx(np.polyfit([50, 80, 120], [100, 180, 260], 1)[::-1])
    assert problem.formula == "mean (w₀ + w₁·size − price)²"
