"""Gradient descent and its momentum forms."""

from gdviewer.engine.optimizer import optimizer
from gdviewer.engine.parameter import decay, rate


@optimizer("Gradient descent", source="Cauchy 1847; torch.optim.SGD")
def gradient_descent(x, f, *, learning_rate=rate(1e-3)):
    """Step straight down the slope: x ← x − η·g."""
    g = f.gradient(x)
    x = x - learning_rate * g
    return x


@optimizer("Momentum", source="Polyak 1964; torch.optim.SGD with momentum")
def momentum(x, f, b=0.0, *, learning_rate=rate(1e-3), momentum=decay(0.9, "share of the velocity kept")):
    """Roll like a heavy ball: the velocity b sums the gradients, old ones fading.

    PyTorch's form: b starts as the first gradient, and the learning rate stands outside of b. Keras and Sutskever put
    it inside (v ← μ·v − η·g), which differs where the learning rate changes on the way.
    """
    g = f.gradient(x)
    b = momentum * b + g
    x = x - learning_rate * b
    return x, b


@optimizer("Nesterov", source="Nesterov 1983; torch.optim.SGD with nesterov=True")
def nesterov(x, f, b=0.0, *, learning_rate=rate(1e-3), momentum=decay(0.9, "share of the velocity kept")):
    """Momentum that corrects itself by looking ahead along its velocity.

    PyTorch's form, in the variable moved ahead; the original evaluates the gradient at θ + μ·v. Both visit the same
    points up to that change of variable.
    """
    g = f.gradient(x)
    b = momentum * b + g
    x = x - learning_rate * (g + momentum * b)
    return x, b
