"""Problems and runs that the tests of the rules share."""

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.problems import Problem


class Quadratic(Problem):
    """½(x − m)ᵀA(x − m), declared as quadratic or not."""

    def __init__(self, A, start, centre=0.0, known=True):
        self.A, self.quadratic = np.asarray(A, float), known
        self.centre = np.zeros(len(self.A)) + centre
        super().__init__("quadratic", "Quadratic", domain=[(-5, 5)] * len(self.A), start=start)

    @property
    def minima(self):
        return self.centre[None]

    def value(self, x):
        d = np.asarray(x, float) - self.centre
        return ((d @ self.A) * d).sum(axis=-1) / 2

    def gradient(self, x):
        return (np.asarray(x, float) - self.centre) @ self.A

    def hessian(self, x):
        return np.broadcast_to(self.A, (*np.shape(x)[:-1], *self.A.shape)).copy()


@pytest.fixture
def quadratic():
    """Make a quadratic problem of n dimensions with curvatures from 1 to κ, turned at random."""

    def make(n, kappa, start=None, seed=1, centre=0.0, known=True):
        random = np.random.default_rng(seed)
        Q, _ = np.linalg.qr(random.normal(size=(n, n)))
        A = Q @ np.diag(np.geomspace(1, kappa, n)) @ Q.T
        start = random.uniform(-4, 4, n) if start is None else start
        return Quadratic((A + A.T) / 2, start, centre, known)

    return make


@pytest.fixture
def descend():
    """Run an optimizer on a problem, or the one of that name, to the step limit unless other limits are given."""

    def run(optimizer, problem, start=None, max_steps=200, hyperparameters=None, **limits):
        problem = problems.get(problem) if isinstance(problem, str) else problem
        start = problem.start if start is None else start
        limits = Limits(**{"tolerance": None, "max_steps": max_steps} | limits)
        made = Run(problem, optimizers.get(optimizer), start, hyperparameters or {}, limits)
        made.advance(max_steps)
        return made

    return run
