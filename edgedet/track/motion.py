"""Where objects are and will be: a Kalman filter for many boxes at once, over any span of time.

Centre and velocity follow white acceleration, width and height a random walk; all noise is in
proportion to the height of the object, so that near and far, large picture and small are one. x and
y are independent and equal, hence one small covariance for both and no matrix to invert.
Source: Y. Bar-Shalom, X. Li, T. Kirubarajan, "Estimation with Applications to Tracking and
Navigation" (2001), 6.2.2, continuous white noise acceleration.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ACCELERATION = 0.7  # heights / s^2 * sqrt(s): how a walk's speed wanders
_MEASURED = 0.1  # heights: how far a detected centre is off
_GROWTH = 0.25  # heights / sqrt(s): how width and height wander
_MEASURED_EXTENT = 0.09  # heights: how far a detected width or height is off
_SLOWING = 0.5  # 1 / s: how fast what is hidden comes to rest; who walks on is soon seen again
_FIRST_SPEED = 1.5  # heights / s: what is known of the speed of a new object


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """N objects. `centre`, `velocity`, `extent` (N, 2); their variances (N,) in squared heights."""

    centre: Floats
    velocity: Floats
    extent: Floats
    centre_var: Floats
    joint_var: Floats
    velocity_var: Floats
    extent_var: Floats

    @classmethod
    def starting(cls, boxes_xyxy: Floats) -> "Motion":
        """Objects seen for the first time, at rest as far as is known."""
        count = len(boxes_xyxy)
        low, high = boxes_xyxy[:, :2], boxes_xyxy[:, 2:]
        return cls(
            centre=(low + high) / 2,
            velocity=np.zeros((count, 2)),
            extent=high - low,
            centre_var=np.full(count, _MEASURED**2),
            joint_var=np.zeros(count),
            velocity_var=np.full(count, _FIRST_SPEED**2),
            extent_var=np.full(count, _MEASURED_EXTENT**2),
        )

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.centre)

    @property
    def boxes_xyxy(self) -> Floats:
        """Boxes (N, 4)."""
        half = self.extent / 2
        return np.concatenate([self.centre - half, self.centre + half], axis=1)

    @property
    def spread(self) -> Floats:
        """How far a detection may be from where it is expected (N,): one standard deviation."""
        return np.asarray(np.sqrt(self.centre_var + _MEASURED**2) * self.extent[:, 1])

    def after(self, span_s: float, is_hidden: NDArray[np.bool_]) -> "Motion":
        """Where they are expected `span_s` later; those that `is_hidden` (N,) come to rest."""
        noise = _ACCELERATION**2
        kept = np.where(is_hidden, np.exp(-_SLOWING * span_s), 1.0)
        velocity = self.velocity * kept[:, None]
        return Motion(
            centre=self.centre + velocity * span_s,
            velocity=velocity,
            extent=self.extent,
            centre_var=self.centre_var
            + (2 * self.joint_var + self.velocity_var * span_s) * span_s
            + noise * span_s**3 / 3,
            joint_var=self.joint_var + self.velocity_var * span_s + noise * span_s**2 / 2,
            velocity_var=self.velocity_var + noise * span_s,
            extent_var=self.extent_var + _GROWTH**2 * span_s,
        )

    def seen(self, rows: NDArray[np.int64], boxes_xyxy: Floats) -> "Motion":
        """The same after the objects `rows` (K,) were seen at `boxes_xyxy` (K, 4)."""
        low, high = boxes_xyxy[:, :2], boxes_xyxy[:, 2:]
        centre_var, joint_var = self.centre_var[rows], self.joint_var[rows]
        total = centre_var + _MEASURED**2
        gain, velocity_gain = centre_var / total, joint_var / total
        extent_gain = self.extent_var[rows] / (self.extent_var[rows] + _MEASURED_EXTENT**2)
        miss = (low + high) / 2 - self.centre[rows]
        centre, velocity = self.centre.copy(), self.velocity.copy()
        centre[rows] += gain[:, None] * miss
        velocity[rows] += velocity_gain[:, None] * miss
        extent = self.extent.copy()
        extent[rows] += extent_gain[:, None] * (high - low - extent[rows])
        variances = [
            _replaced(self.centre_var, rows, (1 - gain) * centre_var),
            _replaced(self.joint_var, rows, (1 - gain) * joint_var),
            _replaced(self.velocity_var, rows, self.velocity_var[rows] - velocity_gain * joint_var),
            _replaced(self.extent_var, rows, (1 - extent_gain) * self.extent_var[rows]),
        ]
        return Motion(centre, velocity, extent, *variances)

    def only(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Motion":
        """Some of them."""
        return Motion(*(array[rows] for array in self._arrays()))

    def with_more(self, others: "Motion") -> "Motion":
        """These and `others` behind them."""
        pairs = zip(self._arrays(), others._arrays(), strict=True)  # noqa: SLF001 - its own kind
        return Motion(*(np.concatenate(pair) for pair in pairs))

    def _arrays(self) -> tuple[Floats, ...]:
        return (
            self.centre,
            self.velocity,
            self.extent,
            self.centre_var,
            self.joint_var,
            self.velocity_var,
            self.extent_var,
        )


def _replaced(values: Floats, rows: NDArray[np.int64], by: Floats) -> Floats:
    changed = values.copy()
    changed[rows] = by
    return changed
