"""Write networks.json: what PyTorch makes of small networks, at the start and after 100 steps, in float64.

PyTorch is no dependency; run this in an environment of its own:

    pip install torch==2.13.0 numpy
    python tests/references/make_networks.py

Inputs and weights to begin with are short numbers, so that the file is complete. Arrays are given in
gdviewer's order of axes: images are height×width×channels, and weights end with inputs and outputs.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn, optim

torch.set_default_dtype(torch.float64)

STEPS = 100
OPTIMIZERS = {
    "gradient_descent": ({"learning_rate": 0.1}, lambda weights: optim.SGD(weights, lr=0.1)),
    "momentum": (
        {"learning_rate": 0.02, "momentum": 0.9},
        lambda weights: optim.SGD(weights, lr=0.02, momentum=0.9),
    ),
    "adam": ({"learning_rate": 0.01}, lambda weights: optim.Adam(weights, lr=0.01)),
}
LOSSES = {
    "mean_squared_error": nn.MSELoss(),
    "mean_absolute_error": nn.L1Loss(),
    "huber": nn.HuberLoss(),
    "cross_entropy": nn.CrossEntropyLoss(),
    "binary_cross_entropy": lambda z, y: nn.BCELoss()(torch.sigmoid(z[..., 0]), y.double()),
}


class Axes(nn.Module):
    """Another order of axes."""

    def __init__(self, *order):
        super().__init__()
        self.order = order

    def forward(self, a):
        return a.permute(self.order)


class Recurrent(nn.RNN):
    """``nn.RNN`` with its second bias held at zero, and one of its two outputs."""

    def __init__(self, features, units, every=False):
        super().__init__(features, units, batch_first=True)
        self.every = every
        nn.init.zeros_(self.bias_hh_l0).requires_grad_(False)

    def forward(self, a):
        h, last = super().forward(a)
        return h if self.every else last[0]


def images(*layers):
    """Layers for images in PyTorch's order of axes, from ours and back."""
    return [Axes(0, 3, 1, 2), *layers, Axes(0, 2, 3, 1)]


# For each name: our layers, the loss, the shape of the inputs, classes or outputs, the rows of each batch, PyTorch's.
NETWORKS = {
    "mlp": (
        "8 tanh, 8 tanh", "binary_cross_entropy", (12, 2), 2, 5,
        [nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1)],
    ),
    "softmax mlp": (
        "6 relu, 5 sigmoid", "cross_entropy", (14, 3), 3, 4,
        [nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 3)],
    ),
    "xor": (
        "3 sigmoid, 1 sigmoid", "mean_squared_error", "xor", 1, 4,
        [nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1), nn.Sigmoid()],
    ),
    "activations": (
        "5 elu, 5 gelu, 5 silu, 5 softplus, 5 leaky_relu", "huber", (11, 2), 2, 4,
        [
            nn.Linear(2, 5), nn.ELU(), nn.Linear(5, 5), nn.GELU(approximate="tanh"), nn.Linear(5, 5), nn.SiLU(),
            nn.Linear(5, 5), nn.Softplus(), nn.Linear(5, 5), nn.LeakyReLU(), nn.Linear(5, 2),
        ],
    ),
    "softmax within": (
        "4 tanh, 4 softmax", "mean_absolute_error", (9, 2), 3, 3,
        [nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 4), nn.Softmax(dim=-1), nn.Linear(4, 3)],
    ),
    "max pooling": (
        "conv 3 3x3 pad 1 relu, maxpool 2, flatten", "cross_entropy", (8, 6, 6, 2), 3, 3,
        [*images(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)), nn.Flatten(), nn.Linear(27, 3)],
    ),
    "average pooling": (
        "conv 4 3x2 stride 2 silu, avgpool 2 stride 1, conv 3 2x2 pad 1 tanh, maxpool 2 stride 1, flatten, 4 elu",
        "cross_entropy", (7, 8, 7, 1), 4, 3,
        [
            *images(
                nn.Conv2d(1, 4, (3, 2), stride=2), nn.SiLU(), nn.AvgPool2d(2, 1), nn.Conv2d(4, 3, 2, padding=1),
                nn.Tanh(), nn.MaxPool2d(2, 1),
            ),
            nn.Flatten(), nn.Linear(12, 4), nn.ELU(), nn.Linear(4, 4),
        ],
    ),
    "many to one": ("rnn 5", "cross_entropy", (9, 6, 2), 3, 4, [Recurrent(2, 5), nn.Linear(5, 3)]),
    "many to many": (
        "rnn 4 every, rnn 3 every", "mean_squared_error", (8, 5, 2), 2, 3,
        [Recurrent(2, 4, every=True), Recurrent(4, 3, every=True), nn.Linear(3, 2)],
    ),
}  # fmt: skip


def named(network, arrays):
    """Arrays, one for each weight that is trained, by gdviewer's names of layer and weight, in its order of axes."""
    found, counts = {}, {}
    of = dict(zip(trained(network), arrays, strict=True))
    for module in network:
        if isinstance(module, nn.Linear):
            kind, parts = "dense", {"W": of[module.weight].T, "b": of[module.bias]}
        elif isinstance(module, nn.Conv2d):
            kind, parts = "conv", {"W": of[module.weight].permute(2, 3, 1, 0), "b": of[module.bias]}
        elif isinstance(module, nn.RNN):
            W, U, b = module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0
            kind, parts = "rnn", {"W": of[W].T, "U": of[U].T, "b": of[b]}
        else:
            continue
        counts[kind] = counts.get(kind, 0) + 1
        found[f"{kind} {counts[kind]}"] = {key: part.tolist() for key, part in parts.items()}
    return found


def trained(network):
    return [weight for weight in network.parameters() if weight.requires_grad]


def data(random, shape, loss, outputs):
    """Inputs and targets."""
    if shape == "xor":
        return np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
    inputs = random.normal(size=shape).round(2)
    if loss.endswith("cross_entropy"):
        return inputs, np.arange(len(inputs)) * 7 % 11 % outputs
    return inputs, random.normal(size=(*shape[:-1], outputs)).round(2)


def case(name, layers, loss, shape, outputs, size, modules):
    random = np.random.RandomState(len(name))
    inputs, targets = data(random, shape, loss, outputs)
    x, y, cost = torch.tensor(inputs), torch.tensor(targets), LOSSES[loss]
    order = random.permutation(len(inputs))
    batches = [order[i : i + size].tolist() for i in range(0, len(inputs), size)]
    network = nn.Sequential(*modules)
    for weight in trained(network):
        weight.data = torch.tensor((0.6 * random.normal(size=weight.shape)).round(2))
    start = [weight.detach().clone() for weight in trained(network)]
    outputs = network(x)
    whole = cost(outputs, y)
    gradient = torch.autograd.grad(whole, trained(network))
    after = []
    for optimizer, (hyperparameters, make) in OPTIMIZERS.items():
        for weight, first in zip(trained(network), start, strict=True):
            weight.data = first.clone()
        rule, losses = make(trained(network)), []
        for t in range(STEPS):
            rows = batches[t % len(batches)]
            rule.zero_grad()
            seen = cost(network(x[rows]), y[rows])
            seen.backward()
            losses.append(seen.item())
            rule.step()
        after.append(
            {
                "optimizer": optimizer,
                "hyperparameters": hyperparameters,
                "losses": losses,
                "loss": cost(network(x), y).item(),
                "weights": named(network, trained(network)),
            }
        )
    return {
        "name": name,
        "layers": layers,
        "loss": loss,
        "inputs": inputs.tolist(),
        "targets": targets.tolist(),
        "batches": batches,
        "weights": named(network, start),
        "at the start": {
            "loss": whole.item(), "outputs": outputs.tolist(), "gradient": named(network, gradient),
        },
        "after": after,
    }  # fmt: skip


if __name__ == "__main__":
    head = {"versions": {"torch": version("torch").partition("+")[0]}}
    lines = ",\n".join(json.dumps(case(name, *described)) for name, described in NETWORKS.items())
    target = Path(__file__).with_name("networks.json")
    target.write_text(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n")
    print(f"{target.name}: {len(NETWORKS)} cases, {target.stat().st_size // 1000} kB, from {head['versions']}")
