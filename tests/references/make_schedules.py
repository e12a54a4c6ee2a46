"""Write schedules.json: the learning rates of PyTorch's and optax's schedules.

Neither is a dependency; run this in an environment of its own with torch and optax:

    python tests/references/make_schedules.py
"""

import json
from pathlib import Path

import jax
import optax
import torch
from torch.optim import lr_scheduler as torch_schedules

STEPS = 240
RATE = 0.3
CASES = [
    ("step", {"step_size": 7, "gamma": 0.8}, lambda o: torch_schedules.StepLR(o, 7, 0.8)),
    (
        "multistep",
        {"milestones": [5, 17, 90], "gamma": 0.3},
        lambda o: torch_schedules.MultiStepLR(o, [5, 17, 90], 0.3),
    ),
    ("exponential", {"gamma": 0.97}, lambda o: torch_schedules.ExponentialLR(o, 0.97)),
    ("polynomial", {"total_iters": 90, "power": 1.7}, lambda o: torch_schedules.PolynomialLR(o, 90, 1.7)),
    ("cosine", {"T_max": 80, "eta_min": 0.01}, lambda o: torch_schedules.CosineAnnealingLR(o, 80, 0.01)),
    (
        "cosine_warm_restarts",
        {"T_0": 11, "T_mult": 2, "eta_min": 0.02},
        lambda o: torch_schedules.CosineAnnealingWarmRestarts(o, 11, 2, 0.02),
    ),
    *(
        (
            "cyclic",
            {"max_factor": 5, "step_size_up": 13, "mode": mode, "gamma": 0.99},
            lambda o, mode=mode: torch_schedules.CyclicLR(
                o, RATE, 5 * RATE, step_size_up=13, mode=mode, gamma=0.99, cycle_momentum=False
            ),
        )
        for mode in ("triangular", "triangular2", "exp_range")
    ),
    *(
        (
            "one_cycle",
            {
                "total_steps": STEPS,
                "pct_start": 0.2,
                "div_factor": 10,
                "final_div_factor": 100,
                "anneal_strategy": way,
            },
            lambda o, way=way: torch_schedules.OneCycleLR(
                o, RATE, STEPS, pct_start=0.2, div_factor=10, final_div_factor=100, anneal_strategy=way,
                cycle_momentum=False,
            ),
        )
        for way in ("cos", "linear")
    ),
    (
        "reduce_on_plateau",
        {"factor": 0.8, "patience": 3, "threshold": 0.01},
        lambda o: torch_schedules.ReduceLROnPlateau(o, factor=0.8, patience=3, threshold=0.01),
    ),
]  # fmt: skip


def losses() -> list[float]:
    """A loss that falls, ripples and falls again."""
    t = torch.arange(STEPS, dtype=torch.float64)
    return (torch.exp(-t / 60) * (1 + 0.3 * torch.sin(t / 7)) + 0.2 * torch.exp(-((t - 150) ** 2) / 800)).tolist()


def torch_rates(name: str, make: object) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, dtype=torch.float64, requires_grad=True)], lr=RATE)
    schedule = make(optimizer)  # type: ignore[operator]
    rates = [float(optimizer.param_groups[0]["lr"])]
    for loss in losses()[1:]:  # rate t sees the losses 1 … t, not the loss at the start
        optimizer.step()
        schedule.step(loss) if name == "reduce_on_plateau" else schedule.step()
        rates.append(float(optimizer.param_groups[0]["lr"]))
    return rates


def main() -> None:
    torch.set_default_dtype(torch.float64)
    jax.config.update("jax_enable_x64", True)
    cases = [{"name": n, "values": v, "rates": torch_rates(n, make)} for n, v, make in CASES]
    warm = optax.warmup_cosine_decay_schedule(0.0, RATE, 20, 120, 0.01)
    # optax begins with a rate of zero; its rate after k steps of the climb is ours of the step before.
    cases.append(
        {
            "name": "warmup_cosine",
            "values": {"warmup_steps": 20, "decay_steps": 120, "eta_min": 0.01},
            "rates": [float(warm(t + 1)) for t in range(20)] + [float(warm(t)) for t in range(20, STEPS)],
        }
    )
    reported = {"torch": torch.__version__.partition("+")[0], "optax": optax.__version__}
    target = Path(__file__).with_name("schedules.json")
    rows = ",\n ".join(json.dumps(case) for case in cases)
    head = json.dumps(reported | {"learning_rate": RATE, "losses": losses()})[:-1]
    target.write_text(f'{head},\n"cases": [\n {rows}\n]}}\n')
    print(f"{target.name}: {len(cases)} cases from {reported}")


if __name__ == "__main__":
    main()
