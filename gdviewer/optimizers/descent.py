"""Gradient descent and its momentum forms."""

from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import Parameter, count, decay, rate, small


@optimizer("Gradient descent", "Step against the gradient: x ← x − η·g.", source="Cauchy 1847; torch.optim.SGD")
def gradient_descent(x, f, *, learning_rate=rate(1e-3)):
    g = f.gradient(x)
    x = x - learning_rate * g
    return x


@optimizer(
    "Momentum",
    "Roll like a heavy ball: the velocity b is a sum of the gradients in which old ones decay.",
    source="Polyak 1964; torch.optim.SGD with momentum",
)
def momentum(
    x,
    f,
    t,
    b=0.0,
    *,
    learning_rate=rate(1e-3),
    momentum=decay(0.9, "share of the velocity kept"),
    dampening=Parameter(0, 0, 1, meaning="share of each gradient left out of the velocity"),
):
    """PyTorch's form: b starts as the first gradient, not dampened, and the learning rate is
    not part of b. Keras and Sutskever put it inside (v ← μ·v − η·g), which differs if the learning rate changes
    during the run.
    """
    g = f.gradient(x)
    b = g if t == 1 else momentum * b + (1 - dampening) * g
    x = x - learning_rate * b
    return x, b


@optimizer(
    "Nesterov",
    "Momentum with the gradient at the point ahead along the velocity.",
    source="Nesterov 1983; torch.optim.SGD with nesterov=True",
)
def nesterov(x, f, b=0.0, *, learning_rate=rate(1e-3), momentum=decay(0.9, "share of the velocity kept")):
    """PyTorch's form, in the variable moved ahead; the original evaluates the gradient at θ + μ·v. Both visit the same
    points up to that change of variable.
    """
    g = f.gradient(x)
    b = momentum * b + g
    x = x - learning_rate * (g + momentum * b)
    return x, b


@optimizer(
    "QHM",
    "Mix a gradient step with a momentum step: ν = 0 is gradient descent, ν = 1 is momentum.",
    source="Ma & Yarats 2019; qhoptim.pyt.QHM",
)
def qhm(
    x,
    f,
    b=0.0,
    *,
    learning_rate=rate(1e-3),
    momentum=decay(0.999, "share of the mean gradient kept"),
    nu=Parameter(0.7, 0, 1, meaning="share of the mean gradient in the step; the rest is the gradient itself"),
):
    """Quasi-hyperbolic momentum. b is a mean of gradients, weights (1 − μ)·μᵏ, not their sum: a rate that suits
    momentum is to be divided by 1 − μ. The authors' library has no default rate; it advises ν = 0.7 and μ = 0.999.
    """
    g = f.gradient(x)
    b = momentum * b + (1 - momentum) * g
    x = x - learning_rate * ((1 - nu) * g + nu * b)
    return x, b


@optimizer(
    "ASGD",
    "Descend with a falling rate, and average the points, so that noise cancels out.",
    source="Polyak & Juditsky 1992; torch.optim.ASGD",
)
def asgd(
    x,
    f,
    t,
    eta=0.0,
    average=0.0,
    *,
    learning_rate=rate(1e-2),
    lambd=small(1e-4, "decay of the point, and of the rate with each step"),
    alpha=Parameter(0.75, 0, 2, meaning="exponent of the decay of the rate"),
    t0=count(1_000_000, 0, 10**9, "steps before the averaging begins", scale="log", slider=(1, 10**6)),
):
    """PyTorch's form, after Bottou's averaged SGD. A rate that is changed on the way holds from the step after, as
    there. The average does not act back on the descent; up to step t₀ + 2 it is the point itself.
    """
    if t == 1:
        eta = learning_rate
    g = f.gradient(x)
    x = (1 - lambd * eta) * x - eta * g
    average = average + (x - average) / max(1, t - 1 - t0)
    eta = learning_rate / (1 + lambd * learning_rate * t) ** alpha
    return x, eta, average
