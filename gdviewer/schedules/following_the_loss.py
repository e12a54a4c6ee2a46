"""Schedules that look at the loss."""

import math

from gdviewer.engine.rules.parameter import Parameter, count
from gdviewer.engine.rules.schedule import schedule


@schedule(
    "Reduce on plateau",
    "Reduce the rate when the loss has not improved for some steps.",
    source="torch.optim.lr_scheduler.ReduceLROnPlateau",
)
def reduce_on_plateau(
    t, learning_rate, loss, best=math.inf, waited=0, scale=1.0, *,
    factor=Parameter(0.1, 0, 1, open_low=True, open_high=True, slider=(0.01, 0.99), meaning="factor for the rate"),
    patience=count(10, low=0, high=100_000, scale="linear", slider=(0, 200),
                   meaning="number of steps without a lower loss before the rate is reduced"),
    threshold=Parameter(1e-4, 0, 1, scale="log", slider=(1e-9, 0.1),
                        meaning="relative decrease of the loss that counts as lower"),
):  # fmt: skip
    """The rate of a step follows the losses after the steps before it; the loss at the start is unused, as in PyTorch,
    where the schedule receives the first loss after the first step. A loss is better if below best·(1 − threshold),
    which PyTorch means for positive losses; for a negative best it is best·(1 + threshold). PyTorch makes no cut
    smaller than 1e-8.
    """
    if t == 0:
        return learning_rate, best, waited, scale
    if loss < best - threshold * abs(best) or math.isinf(best):
        best, waited = loss, 0
    else:
        waited = waited + 1
    if waited > patience:
        scale, waited = scale * factor, 0
    return learning_rate * scale, best, waited, scale
