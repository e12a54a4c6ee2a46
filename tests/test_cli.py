"""The command line without a window."""

import csv
import io
import json
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import gdviewer
from gdviewer import optimizers, problems
from gdviewer.cli.main import main
from gdviewer.engine.run.stop import LIMITS
from gdviewer.experiment.catalogue import markdown


@pytest.fixture
def call(capsys):
    """Run the command; gives exit code, stdout and stderr."""

    def run(*arguments):
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_that_a_run_prints_its_result(call):
    code, out, err = call("run", "himmelblau", "adam", "--start=-1,2", "--learning-rate", "0.05", "--max-steps", "500",
                          "--tolerance", "1e-5", "--seed", "0")  # fmt: skip
    assert (code, err) == (0, "")
    expected = gdviewer.minimize("himmelblau", [-1, 2], "adam", options={"learning_rate": 0.05, "maxiter": 500})
    for label, text in {
        "Adam on Himmelblau": "",
        "point": f"{expected.x[0]:.10g}, {expected.x[1]:.10g}",
        "loss": f"{expected.fun:.10g}",
        "steps": str(expected.nit),
        "evaluations": f"{expected.nfev} of the loss, {expected.njev} of the gradient",
        "stopped": "tolerance: Tolerance met",
        "advice": expected.advice,
    }.items():
        assert any(label in line and text in line for line in out.splitlines()), label


def test_that_json_is_json_and_holds_the_result(call):
    code, out, err = call("run", "rosenbrock", "rmsprop", "--b", "10", "--max-steps", "20", "--json")
    assert (code, err) == (0, "")
    reported = json.loads(out)
    problem = problems.get("rosenbrock", b=10)
    expected = gdviewer.minimize(problem, method="rmsprop", options={"maxiter": 20})
    assert reported["point"] == expected.x.tolist()
    assert reported["loss"] == expected.fun
    assert reported["gradient_norm"] == expected.trace.gradient_norm[-1]
    assert reported["steps"] == 20
    assert reported["evaluations"] == {"value": 21, "gradient": 21, "hessian": 0}
    assert (reported["problem"], reported["optimizer"]) == ("rosenbrock", "rmsprop")
    assert reported["stop_reason"] == "step limit"
    assert reported["success"] is False
    assert reported["advice"]


def test_that_json_has_no_number_that_json_has_not(call):
    code, out, _ = call("run", "--formula", "log(x)", "adam", "--start=-1", "--json")
    assert code == 0
    reported = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert reported["loss"] is None


def test_that_the_trace_in_csv_has_every_bit(call, tmp_path):
    path = tmp_path / "trace.csv"
    code, out, _ = call("run", "himmelblau", "momentum", "--max-steps", "60", "--csv", str(path))
    assert code == 0
    assert "steps        60" in out
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    trace = gdviewer.minimize("himmelblau", method="momentum", options={"maxiter": 60}).trace
    numbers = np.array(rows, dtype=float)
    assert header == ["step", "x", "y", "loss", "gradient_norm"]
    assert np.array_equal(numbers[:, 0], np.arange(61))
    assert np.array_equal(numbers[:, 1:3], trace.x)
    assert np.array_equal(numbers[:, 3], trace.loss)
    assert np.array_equal(numbers[:, 4], trace.gradient_norm)


def test_that_a_trace_that_cannot_be_written_is_reported_and_the_result_is_not_lost(call, tmp_path):
    code, out, err = call("run", "sphere", "adam", "--csv", str(tmp_path / "no" / "trace.csv"))
    assert code == 1
    assert "point" in out
    assert "can't be written: No such file or directory" in err
    assert err.count("\n") == 1


def test_that_help_lists_the_flags_of_the_declarations(call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")  # no line is broken
    for name in problems.names():
        for optimizer in optimizers.names()[:2] if name != "rosenbrock" else optimizers.names():
            code, out, _ = call("run", name, optimizer, "--help")
            assert code == 0
            for declared in (problems.get(name).parameters, optimizers.get(optimizer).hyperparameters, LIMITS):
                for key, parameter in declared.items():
                    reported = out.partition(f"\n  --{key.replace('_', '-')} ")[2]
                    assert parameter.meaning in " ".join(reported.splitlines()[:2])
    assert call("run", "--help")[0] == call("--help")[0] == call("list", "-h")[0] == 0


def test_that_the_help_shows_symbol_range_and_default(call):
    text = " ".join(call("run", "rosenbrock", "rmsprop", "--help")[1].split())
    assert "η, learning rate: how far a step goes, in (0, 10] (default 0.01)" in text
    assert "in [0.1, 10000] (default 100)" in text


def test_that_the_list_names_every_problem_and_optimizer(call):
    code, out, _ = call("list")
    assert code == 0
    words = out.split()
    assert all(name in words for name in (*problems.names(), *optimizers.names()))


def test_that_the_list_stands_under_headings(call):
    lines = call("list")[1].splitlines()
    assert all(f"  {problem.group}" in lines for problem in problems.catalogue().values())
    assert "  Descent" in lines


def test_that_the_catalogue_is_printed_as_markdown(call):
    assert call("list", "--markdown") == (0, markdown() + "\n", "")


@pytest.mark.parametrize("form", [[], ["--markdown"]])
def test_that_a_reader_may_close_the_list_early(form):
    command = [sys.executable, "-m", "gdviewer", "list", *form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()  # nothing reads what comes
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 1


def test_that_the_version_is_reported(call):
    assert call("--version") == (0, f"gdviewer {gdviewer.__version__}\n", "")


@pytest.mark.parametrize(
    "start", [["--start", "-1,2"], ["--start=-1,2"], ["--start", "-1,+2.0"], ["--start", "-1e0,2"]]
)
def test_that_a_start_may_begin_with_a_minus(call, start):
    plain = call("run", "himmelblau", "adam", "--start=-1,2")
    assert call("run", "himmelblau", "adam", *start) == plain
    assert call("run", *start, "himmelblau", "adam") == plain


def test_that_a_start_with_a_leading_point_is_read(call):
    assert call("run", "sphere", "adam", "--start", "-.5,1") == call("run", "sphere", "adam", "--start=-0.5,1")


@pytest.mark.parametrize("formula", [["--formula", "x**2 + 10*y**2"], ["--formula=x**2 + 10*y**2"]])
def test_that_a_formula_is_minimised(call, formula):
    code, out, _ = call("run", *formula, "adam", "--json", "--max-steps", "9")
    expected = gdviewer.minimize(problems.formula("x**2 + 10*y**2"), method="adam", options={"maxiter": 9})
    assert code == 0
    assert json.loads(out)["point"] == expected.x.tolist()
    assert call("run", "adam", *formula, "--json", "--max-steps", "9")[1] == out


def test_that_a_formula_may_begin_with_a_minus_and_have_parameters(call):
    code, out, _ = call("run", "--formula", "-x*a + exp(x)", "momentum", "--a", "3", "--json", "--max-steps", "9")
    assert code == 0
    expected = gdviewer.minimize(problems.formula("-x*a + exp(x)", a=3), method="momentum", options={"maxiter": 9})
    assert json.loads(out)["point"] == expected.x.tolist()


def test_that_a_limit_can_be_switched_off(call):
    _, out, _ = call("run", "sphere", "adam", "--start=0,0", "--tolerance", "off", "--max-steps", "7", "--json")
    assert json.loads(out)["stop_reason"] == "step limit"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rum"], "there is no command 'rum'; did you mean 'run'"),
        (["himmelblau"], "there is no command 'himmelblau'; the commands are run and list"),
        (["--versoin"], "unknown argument '--versoin'; did you mean '--version'"),
        (["list", "more"], "unknown argument 'more'; --help lists the arguments"),
        (["run"], "required: PROBLEM, OPTIMIZER"),
        (["run", "sphere"], "required: OPTIMIZER"),
        (["run", "--formula", "x**2"], "required: OPTIMIZER"),
        (["run", "sphere", "adam", "more"], "unknown argument 'more'"),
        (["run", "sphree", "adam"], "there is no problem 'sphree'; did you mean 'sphere'"),
        (["run", "sphere", "adma"], "there is no optimizer 'adma'; did you mean 'adam'"),
        (
            ["run", "sphere", "adam", "--learning-rat", "1"],
            "unknown argument '--learning-rat'; did you mean '--learning",
        ),
        (["run", "sphere", "adam", "--lr=1"], "unknown argument '--lr'"),
        (["run", "sphere", "adam", "--momentum", "0.5"], "unknown argument '--momentum'"),
        (["run", "sphere", "adam", "--learning-rate"], "expected one argument"),
        (["run", "sphere", "adam", "--learning-rate", "-h"], "expected one argument"),
        (["run", "sphere", "adam", "--learning-rate", "fast"], "'fast' is not a number"),
        (["run", "sphere", "adam", "--learning-rate", "off"], "'off' is not a number"),
        (["run", "sphere", "adam", "--learning-rate", "-1"], "learning_rate must be in (0, 10]; got -1"),
        (["run", "sphere", "adam", "--learning-rate", "nan"], "learning_rate must be in (0, 10]; got nan"),
        (["run", "sphere", "adam", "--beta1", "1"], "beta1 must be in [0, 1); got 1"),
        (["run", "rosenbrock", "adam", "--a", "99"], "a must be in [-3, 3]; got 99"),
        (["run", "sphere", "adam", "--max-steps", "0"], "max_steps must be in"),
        (["run", "sphere", "adam", "--max-steps", "2.5"], "'2.5' is not a whole number"),
        (["run", "sphere", "adam", "--max-steps", "inf"], "'inf' is not a whole number"),
        (["run", "sphere", "adam", "--tolerance", "nan"], "tolerance must be in [0, 1000]; got nan"),
        (["run", "sphere", "adam", "--divergence", "off"], "'off' is not a number"),
        (["run", "sphere", "adam", "--seed", "-1"], "seed must not be negative"),
        (["run", "sphere", "adam", "--start", "1"], "--start: sphere needs 2 numbers; got 1"),
        (["run", "sphere", "adam", "--start", "1,b"], "--start: '1,b' is not a list of numbers"),
        (["run", "sphere", "adam", "--start", ""], "--start: '' is not a list of numbers"),
        (["run", "sphere", "adam", "--start", "1,nan"], "start must be 2 finite numbers"),
        (["run", "--formula", "x.real", "adam"], "a dot after a name can't be used"),
        (["run", "--formula", "__import__('os')", "adam"], "there is no function __import__"),
        (["run", "--formula", "", "adam"], "type a formula"),
        (["run", "--formula", "start*x", "adam"], "has the name of a flag"),
        (["run", "--formula", "optimizer*x", "adam"], "has the name of a flag"),
        (["run", "--formula", "beta1*x", "adam"], "'beta1' names a parameter of the formula and of adam"),
        (["run", "sphere", "adam", "--json=yes"], "--json"),
    ],
    ids=" ".join,
)
def test_that_a_usage_error_is_one_line_and_exit_code_2(call, arguments, message):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("gdviewer: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")


def test_that_a_regression_takes_its_flags_and_shows_coefficients_in_the_data_s_own_units(call):
    flags = ["--scaling", "standardise", "--batch-size", "16", "--learning-rate", "0.1"]
    code, out, _ = call("run", "linear_regression", "gradient_descent", *flags, "--json")
    assert code == 0
    reported = json.loads(out)
    data = problems.get("linear_regression").data
    slope, intercept = np.polyfit(data.inputs[:, 0], data.targets, 1)
    assert reported["coefficients"] == pytest.approx({"intercept": intercept, "x": slope}, rel=0.2)
    assert reported["scaling"].startswith("Features standardised")
    _, out, _ = call("run", "linear_regression", "gradient_descent")
    assert "\n  model        y = " in out
    assert "\n  scaling      Features as they are, not scaled.\n" in out


def test_that_a_table_of_one_s_own_is_fitted(call, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("a,b,name,y\n0,1,p,1\n1,1,q,3\n2,3,p,9\n3,1,q,7\n4,0,p,7\n")
    fit = ["run", "linear_regression", "gradient_descent", "--data-file", str(path), "--scaling", "standardise"]
    code, out, _ = call(*fit, "--learning-rate", "0.3", "--tolerance", "1e-12", "--json")
    assert code == 0
    assert json.loads(out)["coefficients"] == pytest.approx({"intercept": -1, "a": 2, "b": 2}, rel=1e-8)
    _, out, _ = call(*fit, "--target", "b", "--features", "a,y", "--json")
    assert list(json.loads(out)["coefficients"]) == ["intercept", "a", "y"]
    code, out, _ = call("run", "logistic_regression", "adam", "--data-file", str(path), "--target", "name")
    assert code == 0
    assert "log odds of q = " in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["linear_regression", "adam", "--data-file", "none.csv"], "none.csv can't be read: No such file"),
        (["sphere", "adam", "--data-file", "x.csv"], "--data-file is for regressions and networks; sphere is neither"),
        (["linear_regression", "adam", "--target", "y"], "--target and --features choose columns of a --data-file"),
        (
            ["linear_regression", "adam", "--scaling", "yes"],
            "scaling must be one of none, standardise, minmax; got 'yes'",
        ),
        (["linear_regression", "adam", "--batch-size", "1.5"], "batch_size must be a whole number"),
    ],
)
def test_that_what_a_regression_cannot_take_is_reported_in_a_line(call, arguments, message):
    code, out, err = call("run", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_that_a_run_ends_where_a_condition_becomes_true(call):
    code, out, err = call("run", "himmelblau", "adam", "--learning-rate", "0.5", "--break-when", "loss > previous.loss")
    assert (code, err) == (0, "")
    assert "stopped      breakpoint: Breakpoint: “loss > previous.loss” is true at step 10" in out
    code, out, _ = call(
        "run", "himmelblau", "adam", "--break-when", "norm(m) > 1e9", "--break-when=-x[0] > -9", "--json"
    )
    reported = json.loads(out)
    assert (code, reported["stop_reason"], reported["steps"]) == (0, "breakpoint", 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [("los > 3", "there is no los here; did you mean 'loss'? (position 1)"), ("loss", "compare it with something"),
     ("norm(v) > 3", "there is no v here")],
)  # fmt: skip
def test_that_a_condition_that_cannot_be_assessed_is_reported(call, text, message):
    code, out, err = call("run", "himmelblau", "momentum", "--break-when", text)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_that_a_gradient_too_large_to_be_squared_is_reported(capsys, tmp_path):
    rule = tmp_path / "vast.py"
    rule.write_text("def vast(x, f, t):\n    return x * 10.0\n", encoding="utf-8")
    words = ["run", "--formula", "x**4 + y**4", "--optimizer", str(rule), "--divergence", "1e300", "--tolerance", "off"]
    assert main([*words, "--max-steps", "60", "--start", "1,1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gradient_norm"] == pytest.approx(4e180 * 2**0.5)
    assert main([*words, "--max-steps", "60", "--start", "1,1"]) == 0
    assert "5.657e+180" in capsys.readouterr().out


TRAIN = ("run", "network", "--data", "digits", "--layers", "32", "--activation", "relu", "--optimizer", "adam",
         "--learning-rate", "0.003", "--batch-size", "64", "--epochs", "3")  # fmt: skip


def test_that_a_network_is_trained_and_its_measures_are_reported(call):
    code, out, err = call(*TRAIN)
    assert (code, err) == (0, "")
    assert "  layers          8×8×1-64-32-10\n" in out
    assert "  steps           69\n" in out  # 23 batches an epoch
    code, out, _ = call(*TRAIN, "--json")
    reported = json.loads(out)
    problem = problems.get("network", data="digits", layers="32", activation="relu", batch_size=64)
    options = {"learning_rate": 0.003, "maxiter": 69}
    expected = gdviewer.minimize(problem, method="adam", tol=0, options=options)
    assert {name: reported[name] for name in problem.metrics(expected.x)} == problem.metrics(expected.x)
    assert reported["test_accuracy"] > 0.7
    assert (reported["weights"], reported["point"]) == (2410, None)


@pytest.mark.parametrize("name", [p.name for p in problems.catalogue().values() if isinstance(p, problems.Network)])
def test_that_every_network_of_the_catalogue_is_trained_for_epochs(call, name):
    code, out, _ = call("run", name, "--optimizer", "adam", "--epochs", "2", "--json")
    assert code == 0
    assert json.loads(out)["steps"] == 2 * problems.get(name).batches.count


def test_that_layers_that_were_not_asked_for_are_such_as_fit_the_data(call):
    code, out, err = call("run", "network", "--data", "echo", "--optimizer", "adam", "--epochs", "1", "--json")
    assert code == 0
    assert json.loads(out)["layers"] == "12×1-12×12-12×1"
    assert err == "gdviewer: settings adapted to the data: layers rnn 12 every\n"


def test_that_a_network_is_trained_on_a_table_of_one_s_own(call, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("a,b,kind\n" + "".join(f"{i},{i % 5},{'pqr'[i % 3]}\n" for i in range(60)))
    arguments = ("run", "network", "--data-file", str(path), "--optimizer", "adam", "--epochs", "1", "--json")
    assert json.loads(call(*arguments)[1])["layers"] == "2-8-8-3"
    assert json.loads(call(*arguments, "--target", "b", "--features", "a")[1])["layers"] == "1-8-8-5"
    assert json.loads(call(*arguments, "--target", "b", "--features", "a", "--loss", "huber")[1])["layers"] == "1-8-8-1"
    path.write_text("a,b\nx,y\nu,v\n")
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert "own.csv has no column of numbers to predict 'b' from" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "digit"], "data must be one of blobs,"),
        (["--layers", "8x"], "layers: '8x': write it as dense 32 relu"),
        (["--layers", "conv 8 3x3, 16"], "layer 1, conv 8 3x3 tanh: Conv2D needs images"),
        (["--data", "digits", "--layers", "4, conv 8 3x3"], "layer 2, conv 8 3x3 tanh: Conv2D needs images"),
        (["--layers", "5000, 5000"], "layer 2, 5000 tanh: there are more than 2,000,000 weights"),
        (["--loss", "huber"], "the targets are the classes A, B, so the loss can be"),
        (["--epochs", "-2"], "--epochs must be above 0 and give at most 1e+09 steps; got -2, which is -20 steps"),
        (["--epochs", "2", "--max-steps", "9"], "--epochs and --max-steps both set the number of steps"),
        (["--optimizer", "nothing.py"], "nothing.py"),
    ],
)
def test_that_what_a_network_cannot_be_is_reported_in_a_line(call, arguments, message):
    optimizer = () if "--optimizer" in arguments else ("--optimizer", "adam")
    code, out, err = call("run", "network", *optimizer, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_that_the_table_of_a_large_network_has_no_column_for_each_weight(call, tmp_path):
    path = tmp_path / "trace.csv"
    assert call(*TRAIN, "--csv", str(path))[0] == 0
    header, *rows = path.read_text().splitlines()
    assert header == "step,loss,gradient_norm"
    assert len(rows) == 70


def test_that_epochs_are_for_problems_with_batches(call):
    assert "unknown argument '--epochs'" in call("run", "sphere", "adam", "--epochs", "2")[2]
    _, out, _ = call("run", "linear_regression", "adam", "--batch-size", "10", "--epochs", "4", "--json",
                     "--tolerance", "off")  # fmt: skip
    assert json.loads(out)["steps"] == 20


def test_that_a_terminal_has_a_bar_while_a_network_is_trained(call, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    assert call(*TRAIN)[0] == 0
    frames = terminal.getvalue().split("\r")
    assert frames[1].startswith("[........................] epoch 0.0 of 3, loss 2.")
    assert frames[-1] == ""
    assert not frames[-2].strip()


def test_that_ctrl_c_ends_training_with_what_there_is(call):
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    code, out, _ = call(*TRAIN[:-1], "100000", "--json")
    reported = json.loads(out)
    assert (code, reported["stop_reason"]) == (130, "stopped by the user")
    assert 0 < reported["steps"] < 2_300_000
    assert reported["train_loss"] < 3


def test_that_the_catalogue_describes_a_network_by_what_it_is_made_of():
    text = markdown()
    assert "- Layers: 8×8×1-64-32-10, 2,410 weights\n- Trained on 1,438 of 1,797 handwritten digits" in text
    assert "in each of 2410 dimensions" not in text
