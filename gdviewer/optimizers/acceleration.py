"""Momentum with the constants that theory gives for known curvature."""

import numpy as np

from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import Parameter, Switch, rate


def curvature(default, meaning):
    """Declare an eigenvalue of the Hessian."""
    return Parameter(default, 0, 1e9, scale="log", open_low=True, slider=(1e-4, 1e4), meaning=meaning)


@optimizer(
    "Heavy ball, optimal",
    "Momentum with the optimal constants for a quadratic function with curvatures from μ to L.",
    source="Polyak 1964; Polyak 1987, section 3.2",
)
def heavy_ball_optimal(
    x, f, d=0.0, *, L=curvature(20, "largest curvature"), mu=curvature(1, "smallest curvature")
):  # fmt: skip
    """Each step shrinks the distance by (√κ − 1)/(√κ + 1) in the long run, κ = L/μ; plain descent by (κ − 1)/(κ + 1) at
    best. L and μ may be given in either order.
    """
    g = f.gradient(x)
    root_L, root_mu = np.sqrt(L), np.sqrt(mu)
    alpha = 4 / (root_L + root_mu) ** 2
    beta = ((root_L - root_mu) / (root_L + root_mu)) ** 2
    d = beta * d - alpha * g
    x = x + d
    return x, d


@optimizer(
    "Nesterov, optimal",
    "Nesterov's method with the constants for functions whose curvature is between μ and L everywhere.",
    source="Nesterov 2004, section 2.2.1",
)
def nesterov_optimal(
    x, f, d=0.0, *, L=curvature(20, "largest curvature"), mu=curvature(1, "smallest curvature")
):  # fmt: skip
    """f − f* is at most (1 − 1/√κ)ᵗ · (f₀ − f* + μ/2·‖x₀ − x*‖²), κ = L/μ. The gradient is taken at y, ahead of x. L
    and μ may be given in either order.
    """
    L, mu = max(L, mu), min(L, mu)
    root_kappa = np.sqrt(L / mu)
    beta = (root_kappa - 1) / (root_kappa + 1)
    y = x + beta * d
    g = f.gradient(y)
    d = y - x - g / L
    x = x + d
    return x, d


@optimizer(
    "FISTA with restart",
    "Nesterov's method for convex functions of unknown smallest curvature: the momentum grows with each step.",
    source="Beck & Teboulle 2009; O'Donoghue & Candès 2015",
    broadcasts=False,
)
def fista(
    x,
    f,
    d=0.0,
    theta=0.0,
    *,
    learning_rate=rate(1e-3, "step length; the best is 1/L, with L the largest curvature"),
    restart=Switch(True, meaning="reset the momentum when it points uphill"),
):
    """With η = 1/L and no restart, f − f* is at most 2L·‖x₀ − x*‖²/(t + 1)² after t steps. The gradient is taken at y,
    ahead of x. The restart is the one by the gradient: where gᵀd > 0 the momentum is reset to zero.
    """
    theta_before, theta = theta, (1 + np.sqrt(1 + 4 * theta**2)) / 2
    beta = (theta_before - 1) / theta
    y = x + beta * d
    g = f.gradient(y)
    d = y - x - learning_rate * g
    if restart and g @ d > 0:
        theta = 1.0
    x = x + d
    return x, d, theta
