"""Speed of training networks, compared with scikit-learn and PyTorch; the last output is a JSON object.

    pip install -e .[bench]
    python benchmarks/networks.py [--minutes 10]

One thread is used. Figures that are compared are measured in turns, and their medians are printed. Without scikit-learn
or PyTorch, their figures are null. The figures of gdviewer are those of its engine, with the record and its
checkpoints. ``--minutes`` is the duration of the run whose memory is measured; the default is a third of a minute.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

# NumPy and PyTorch read these variables when they are loaded.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))  # import this checkout, not an installed gdviewer

import numpy as np

try:
    import torch
except ImportError:
    torch = None
try:
    from sklearn.neural_network import MLPClassifier
except ImportError:
    MLPClassifier = None

from gdviewer import optimizers, problems
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.problems.networks.network import Network

UNLIMITED = Limits(tolerance=None, max_steps=10**9, divergence=1e300)
ROUNDS = 9
Steps = Callable[[int], object]  # executes a number of steps


def ours(network: Network, optimizer: str) -> Steps:
    """Return the steps of gdviewer's engine; each call continues the same run."""
    run = Run(network, optimizers.get(optimizer), network.start, {"learning_rate": 1e-3}, UNLIMITED)
    run.advance(20)
    return run.advance


def eager(network: Network, layers: Callable[[], list[Any]], optimizer: str) -> Steps | None:
    """Return the steps of PyTorch, as in its tutorials, on the same data with the same batch size; None without it."""
    if torch is None:
        return None
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    model = torch.nn.Sequential(*layers())
    inputs, targets = torch.tensor(network.inputs), torch.tensor(network.targets)
    if inputs.ndim == 4:
        inputs = inputs.permute(0, 3, 1, 2).contiguous()
    cost = torch.nn.CrossEntropyLoss()
    if network.loss_name == "binary_cross_entropy":
        cost, targets = torch.nn.BCEWithLogitsLoss(), targets.double()[:, None]
    rule = {"adam": torch.optim.Adam, "gradient_descent": torch.optim.SGD}[optimizer](model.parameters(), lr=1e-3)

    def batches() -> Any:
        while True:
            order = torch.randperm(len(inputs))
            yield from (order[i : i + network.batches.size] for i in range(0, len(inputs), network.batches.size))

    drawn = batches()

    def steps(count: int) -> None:
        for _ in range(count):
            rows = next(drawn)
            rule.zero_grad()
            cost(model(inputs[rows]), targets[rows]).backward()
            rule.step()

    steps(20)
    return steps


def learner(network: Network, units: int) -> Steps | None:
    """Return the steps of scikit-learn's classifier, in whole epochs; None without it."""
    if MLPClassifier is None:
        return None
    inputs, size = network.inputs.reshape(len(network.inputs), -1), network.batches.size

    def steps(count: int) -> None:
        epochs = round(count / network.batches.count)
        model = MLPClassifier((units,), batch_size=size, max_iter=epochs, n_iter_no_change=epochs + 1, tol=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ignore that it has not converged
            model.fit(inputs, network.targets)

    return steps


def products(network: Network, units: tuple[int, ...]) -> Steps:
    """Return the matrix products of a step alone: the forward pass, the gradients of the weights, the backward pass."""
    rng, rows = np.random.default_rng(0), network.batches.size
    a = [rng.standard_normal((rows, k)) for k in units]
    weights = [rng.standard_normal(shape) for shape in itertools.pairwise(units)]

    def steps(count: int) -> None:
        for _ in range(count):
            for i, W in enumerate(weights):
                np.matmul(a[i], W)
                np.matmul(a[i].T, a[i + 1])
                if i:
                    np.matmul(a[i + 1], W.T)

    return steps


def in_turns(count: int, *each: Steps | None) -> list[list[float | None]]:
    """Return the microseconds per step of each, for each round; None for a missing library.

    In each round, they are measured one after another.
    """
    rounds = []
    for _ in range(ROUNDS):
        taken = []
        for steps in each:
            began = perf_counter()
            if steps:
                steps(count)
            taken.append((perf_counter() - began) / count * 1e6 if steps else None)
        rounds.append(taken)
    return rounds


def median(rounds: list[list[float | None]], of: int, by: int | None = None) -> float | None:
    """Return the median over the rounds of a time, or of its ratio to another time of the same round."""
    if any(taken[i] is None for taken in rounds for i in (of, by) if i is not None):
        return None
    return statistics.median(taken[of] / (1 if by is None else taken[by]) for taken in rounds)  # type: ignore[operator]


def digits() -> dict[str, float | None]:
    """Return the speed of 64-32-10 with Adam and batches of 64, compared with scikit-learn and PyTorch."""
    network = problems.get("digits_network")
    layers = (lambda nn: [nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)]) if torch else None
    each = ours(network, "adam"), learner(network, 32), eager(network, lambda: layers(torch.nn), "adam")
    rounds = in_turns(20 * network.batches.count, *each)
    return {
        "digits_us_per_step": median(rounds, 0),
        "digits_epochs_per_s": 1e6 / (median(rounds, 0) * network.batches.count),  # type: ignore[operator]
        "digits_to_sklearn": median(rounds, 1, 0),
        "digits_to_pytorch": median(rounds, 2, 0),
    }


def small() -> dict[str, float | None]:
    """Return the speed of 2-8-8-1 with Adam and batches of 32, compared with PyTorch."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((1024, 2))
    network = problems.network("8, 8", inputs, (inputs.prod(axis=1) > 0).astype(int), "binary_cross_entropy")

    def layers() -> list[Any]:
        nn = torch.nn
        return [nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1)]

    rounds = in_turns(1000, ours(network, "adam"), eager(network, layers, "adam"))
    return {"mlp_us_per_step": median(rounds, 0), "mlp_to_pytorch": median(rounds, 1, 0)}


def wide() -> dict[str, float | None]:
    """Return the speed of 784-512-512-10 with batches of 256, compared with PyTorch and the matrix products alone."""
    rng, units = np.random.default_rng(0), (784, 512, 512, 10)
    inputs, targets = rng.standard_normal((4096, 784)), rng.integers(0, 10, 4096)
    network = problems.network("512 relu, 512 relu", inputs, targets, batch_size=256, init="he")

    def layers() -> list[Any]:
        nn = torch.nn
        return [nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)]

    figures = {}
    for optimizer in ("gradient_descent", "adam"):
        each = ours(network, optimizer), eager(network, layers, optimizer), products(network, units)
        rounds, name = in_turns(16, *each), "wide_sgd" if optimizer == "gradient_descent" else "wide_adam"
        figures |= {
            f"{name}_ms_per_step": median(rounds, 0) / 1e3,  # type: ignore[operator]
            f"{name}_by_its_products": median(rounds, 0, 2),
            f"{name}_to_pytorch": median(rounds, 1, 0),
        }
    return figures


def convolutional() -> dict[str, float | None]:
    """Return the speed of a convolutional network, compared with PyTorch.

    It has eight filters of 3×3, max pooling and ten outputs, and is trained on the digits with Adam and batches of 64.
    """
    network = problems.get("convolutional_network")

    def layers() -> list[Any]:
        nn = torch.nn
        return [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 10)]

    rounds = in_turns(100, ours(network, "adam"), eager(network, layers, "adam"))
    return {"cnn_us_per_step": median(rounds, 0), "cnn_to_pytorch": median(rounds, 1, 0)}


def accuracy(wanted: float = 0.95, patience: float = 60) -> dict[str, float | None]:
    """Return the time and the epochs until a share of the test examples of the digits is classified correctly.

    Network and Adam have the settings of the catalogue. The accuracy is computed after each epoch; that time counts.
    """
    network = problems.get("digits_network")
    run = Run(network, optimizers.get("adam"), network.start, limits=UNLIMITED)
    began = perf_counter()
    while (seconds := perf_counter() - began) < patience:
        run.advance(network.batches.count)
        if network.metrics(run.trace.last)["test_accuracy"] >= wanted:
            return {"seconds_to_95_percent": seconds, "epochs_to_95_percent": run.step / network.batches.count}
    return {"seconds_to_95_percent": None, "epochs_to_95_percent": None}


def resident_megabytes() -> float:
    """Return the memory of the process in megabytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def memory(minutes: float) -> dict[str, float]:
    """Return the memory of a long run on the digits, halfway and at its end."""
    network = problems.get("digits_network")
    run = Run(network, optimizers.get("adam"), network.start, limits=UNLIMITED)
    begin, began, halfway = resident_megabytes(), perf_counter(), 0.0
    while (share := (perf_counter() - began) / (60 * minutes)) < 1:
        run.advance(1000)
        if share >= 0.5 and not halfway:
            halfway, steps = resident_megabytes(), run.step
    end = resident_megabytes()
    return {
        "memory_minutes": minutes,
        "memory_steps": run.step,
        "memory_mb_halfway": halfway - begin,
        "memory_mb_at_the_end": end - begin,
        "memory_bytes_per_step_later": (end - halfway) * 1e6 / (run.step - steps),
        "memory_mb_of_the_record": run.trace.nbytes / 1e6,
    }


def live(duration: float = 2, rounds: int = 3) -> dict[str, Any]:
    """Return the speed of a window that trains the digits at full speed, in turns with the engine alone."""
    from live import Watch, process_events

    from gdviewer.experiment.experiment import Experiment, RunPlan
    from gdviewer.ui.app.application import create_application
    from gdviewer.ui.app.main_window import MainWindow

    application = create_application()
    application.setQuitOnLastWindowClosed(False)
    network = problems.get("digits_network")
    plans = (RunPlan(optimizers.get("adam")),)
    window = MainWindow(Experiment(network, plans, tuple(network.start), UNLIMITED))
    window.resize(1280, 720)
    window.show()
    process_events(1)
    watch, session, alone = Watch(window), window.session, ours(network, "adam")
    session.player.pace.set_speed(math.inf)
    frames, paints, ratios, lateness = [], [], [], []
    for _ in range(rounds):
        headless = 1e6 / (in_turns(5000, alone)[0][0] or math.inf)
        session.player.play()
        process_events(0.5)
        before, began = session.runs[0].step, perf_counter()
        watch.start()
        process_events(duration)
        watch.stop()
        elapsed = perf_counter() - began
        ratios.append((session.runs[0].step - before) / elapsed / headless)
        frames.append(watch.signals / elapsed)
        paints.append(max(watch.paints.values()) / elapsed)
        lateness += watch.lateness
        session.player.pause()
        process_events(0.1)
    window.close()
    window.deleteLater()
    process_events(0.1)
    return {
        "live_frames_per_s": statistics.median(frames),
        "live_paints_per_s": statistics.median(paints),  # of the plot with the most frames; others wait on purpose
        "live_to_headless": statistics.median(ratios),
        "live_lateness_ms_p99": float(np.percentile(lateness, 99)),
        "platform": application.platformName(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1 / 3, help="duration of the run whose memory is measured")
    minutes = parser.parse_args().minutes
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    began = perf_counter()
    figures: dict[str, Any] = digits() | small() | wide() | convolutional() | accuracy()
    with tempfile.TemporaryDirectory() as settings:
        os.environ["XDG_CONFIG_HOME"] = settings  # do not read or overwrite the user's layout
        figures |= live()
    figures |= memory(minutes)
    missing = [name for name, module in (("torch", torch), ("scikit-learn", MLPClassifier)) if module is None]
    figures |= {
        "missing": [f"{name} is not installed" for name in missing],
        # If it is set, NumPy may not use the fastest kernels.
        "openblas_coretype": os.environ.get("OPENBLAS_CORETYPE"),
        "seconds": perf_counter() - began,
    }
    rounded = {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in figures.items()}
    print(json.dumps(rounded, indent=2))


if __name__ == "__main__":
    main()
