"""Write pytorch.json: where PyTorch's optimizers are after some of their steps, in float64.

PyTorch is no dependency; run this in an environment of its own with torch and numpy:

    python tests/references/make_pytorch.py
"""

import json
from pathlib import Path

import torch

STEPS = [1, 2, 3, 5, 10, 20, 50, 100, 150, 200]
PROBLEMS = {
    "rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    "himmelblau": lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
}
OPTIMIZERS = {
    "gradient_descent": lambda p, learning_rate: torch.optim.SGD(p, lr=learning_rate),
    "momentum": lambda p, learning_rate, momentum: torch.optim.SGD(p, lr=learning_rate, momentum=momentum),
    "nesterov": lambda p, learning_rate, momentum: torch.optim.SGD(
        p, lr=learning_rate, momentum=momentum, nesterov=True
    ),
    "adagrad": lambda p, learning_rate, eps: torch.optim.Adagrad(p, lr=learning_rate, eps=eps),
    "rmsprop": lambda p, learning_rate, alpha, eps: torch.optim.RMSprop(p, lr=learning_rate, alpha=alpha, eps=eps),
    "adam": lambda p, learning_rate, beta1, beta2, eps: torch.optim.Adam(
        p, lr=learning_rate, betas=(beta1, beta2), eps=eps
    ),
}
CASES = [
    ("rosenbrock", "gradient_descent", [-1.2, 1.0], {"learning_rate": 7e-4}),
    ("rosenbrock", "gradient_descent", [0.5, -0.5], {"learning_rate": 2e-3}),
    ("rosenbrock", "momentum", [-1.2, 1.0], {"learning_rate": 3e-4, "momentum": 0.8}),
    ("rosenbrock", "nesterov", [-1.2, 1.0], {"learning_rate": 3e-4, "momentum": 0.85}),
    ("rosenbrock", "adagrad", [-1.2, 1.0], {"learning_rate": 0.3, "eps": 1e-6}),
    ("rosenbrock", "rmsprop", [-1.2, 1.0], {"learning_rate": 0.004, "alpha": 0.9, "eps": 1e-5}),
    ("rosenbrock", "adam", [-1.2, 1.0], {"learning_rate": 0.03, "beta1": 0.8, "beta2": 0.95, "eps": 1e-4}),
    ("himmelblau", "gradient_descent", [-0.5, -1.0], {"learning_rate": 0.004}),
    ("himmelblau", "gradient_descent", [0.1, 4.0], {"learning_rate": 0.012}),
    ("himmelblau", "momentum", [-0.5, -1.0], {"learning_rate": 0.003, "momentum": 0.7}),
    ("himmelblau", "nesterov", [-0.5, -1.0], {"learning_rate": 0.004, "momentum": 0.95}),
    ("himmelblau", "nesterov", [4.0, -4.0], {"learning_rate": 0.002, "momentum": 0.5}),
    ("himmelblau", "adagrad", [-0.5, -1.0], {"learning_rate": 0.7, "eps": 1e-8}),
    ("himmelblau", "rmsprop", [-0.5, -1.0], {"learning_rate": 0.008, "alpha": 0.95, "eps": 1e-6}),
    ("himmelblau", "adam", [-0.5, -1.0], {"learning_rate": 0.1, "beta1": 0.95, "beta2": 0.99, "eps": 1e-6}),
    ("himmelblau", "adam", [0.0, 0.0], {"learning_rate": 0.02, "beta1": 0.5, "beta2": 0.9, "eps": 1e-2}),
]


def points(problem: str, optimizer: str, start: list[float], hyperparameters: dict[str, float]) -> list[list[float]]:
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    rule = OPTIMIZERS[optimizer]([x], **hyperparameters)
    visited = []
    for _ in range(max(STEPS)):
        rule.zero_grad()
        PROBLEMS[problem](x[0], x[1]).backward()
        rule.step()
        visited.append(x.detach().tolist())
    return [visited[step - 1] for step in STEPS]


def main() -> None:
    cases = [
        {
            "problem": problem,
            "optimizer": optimizer,
            "start": start,
            "hyperparameters": hyperparameters,
            "points": points(problem, optimizer, start, hyperparameters),
        }
        for problem, optimizer, start, hyperparameters in CASES
    ]
    version = torch.__version__.partition("+")[0]
    target = Path(__file__).with_name("pytorch.json")
    target.write_text(json.dumps({"torch": version, "steps": STEPS, "cases": cases}, indent=1) + "\n")
    print(f"{target.name}: {len(cases)} cases from torch {version}")


if __name__ == "__main__":
    main()
