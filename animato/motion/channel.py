"""Channel protocol: quantities that travel from driver to renderer beside pose and expression.

A motion frame carries its channels with it (`ChannelValues`), so the code that mixes, smooths, stores or retargets
motion is independent of the set of channels. That set is given where motion originates: at a driver or a motion file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from animato.settings.motion import MotionSettings
from animato.types import Affine, Face, Frame

Value: TypeAlias = NDArray[np.float32]
"""One frame's value of a channel, in the channel's shape."""


class ChannelReader(Protocol):
    """Measures a channel in a driver's frames relative to the neutral frame."""

    def read(self, frame: Frame, face: Face, stabilized: Face, neutral_from_frame: Affine | None) -> Value | None:
        """Return the value of a frame, or None where it cannot be measured.

        Args:
            frame: H x W x 3 uint8 RGB, of the neutral frame's size.
            face: its landmarks, pixels of the frame.
            stabilized: its landmarks, pixels of the neutral frame, with camera and body motion removed.
            neutral_from_frame: 2 x 3, maps the former to the latter; None for the identity.
        """


class Channel(ABC):
    """One channel. Only `reader` must be overridden.

    Attributes:
        name: key in every mapping of channels, and name of the setting for its strength or switch. Without such a
            setting the channel is always on.
        shape: of one value.
        range_sigma: range sigma of the bilateral filter at full strength, root mean square; larger changes are kept.
        portrait_only: whether only the portrait renderer uses it.
        smooth_live: whether it is smoothed in live use.
        array_name: of its array in motion files, `name` if empty.
        array_kind: NumPy kind of that array.
    """

    name: str
    shape: tuple[int, ...]
    range_sigma: float = 0.1
    portrait_only = False
    smooth_live = True
    array_name = ""
    array_kind = "f"

    @abstractmethod
    def reader(self, frame: Frame, face: Face) -> ChannelReader | None:
        """Return a reader relative to a neutral frame (H x W x 3 uint8); None if the frame is unsuitable."""

    def strength(self, settings: MotionSettings) -> float:
        """Return the strength with which the channel is applied; 0 is off."""
        return float(getattr(settings, self.name, 1.0))

    def is_enabled(self, settings: MotionSettings) -> bool:
        """Return whether the channel is used at all."""
        return self.strength(settings) > 0

    def relative(self, neutral: Value | None, current: Value | None) -> Value | None:
        """Return the change since the neutral frame, of `shape`; without a neutral value the value itself."""
        return current if neutral is None or current is None else np.asarray(current - neutral, np.float32)

    def mix(self, first: Value | None, second: Value | None, weight: float) -> Value | None:
        """Interpolate two values of `shape` (weight 0: the first, 1: the second); an absent one counts as 0."""
        if first is None or second is None:
            only, share = (second, weight) if first is None else (first, 1.0 - weight)
            return None if only is None else np.asarray(share * only, np.float32)
        return np.asarray((1.0 - weight) * first + weight * second, np.float32)

    def occluded(self, part: str, current: Value | None, filled: Value | None) -> Value | None:  # noqa: ARG002
        """Return the value while a part of the face is occluded.

        Args:
            part: one of `geometry.region_weights.PARTS`.
            current: as measured.
            filled: last value before the occlusion, eased to rest.
        """
        return current

    def smooth(
        self, current: Value | None, lags: NDArray[np.float64], neighbours: Sequence[Value], strength: float
    ) -> Value | None:
        """Return the value smoothed by a bilateral filter over time.

        Args:
            current: this frame's value.
            lags: K float64, time differences in units of the filter's temporal sigma.
            neighbours: K values (K x `shape` together, float32), this frame's among them.
            strength: above 0, at most 1.
        """
        if current is None or len(neighbours) < 2:
            return None if current is None else np.asarray(current, np.float32)
        values = np.stack(neighbours)
        change = np.sqrt(((values - current) ** 2).sum(axis=-1).reshape(len(neighbours), -1).mean(axis=1))
        weights = np.exp(-0.5 * lags**2 - 0.5 * (change / (self.range_sigma * strength)) ** 2)
        return np.asarray(np.tensordot(weights / weights.sum(), values, axes=1), np.float32)

    def encode(self, values: Sequence[Value | None]) -> NDArray[Any]:
        """Return the array for a motion file, N x `shape` of `array_kind`. Default: float32, NaN where absent."""
        absent = np.full(self.shape, np.nan, np.float32)
        return np.stack([absent if value is None else value for value in values]).astype(np.float32)

    def decode(self, array: NDArray[Any], step: float) -> list[Value | None]:  # noqa: ARG002
        """Return the values of an array from `encode` whose shape and kind have been checked.

        Args:
            array: from an untrusted file.
            step: canonical centimetres per unit of length, from the file's header.
        """
        return [value.astype(np.float32) if np.isfinite(value).all() else None for value in array]

    def migrate(self, array: NDArray[Any]) -> NDArray[Any]:
        """Convert the array of an earlier format version to the current one (N x `shape`)."""
        return array

    def scaled(self, value: Value, settings: MotionSettings, pose_scale: float) -> NDArray[Any] | None:  # noqa: ARG002
        """Return the value for a target face, multiplied by its strength; None where it is off.

        Args:
            value: of one frame.
            settings: see `strength`.
            pose_scale: pixels of the target's crop per canonical centimetre.
        """
        strength = self.strength(settings)
        return np.asarray(value * np.float32(strength), np.float32) if strength > 0 else None


class ChannelValues(Mapping[str, Value]):
    """Channel values of one frame by name, and the channels' definitions. Absent: not measured.

    Args:
        channels: definitions of all permitted channels.
        values: name to value; None counts as absent.

    Raises:
        KeyError: a value of a channel that is not permitted.
    """

    def __init__(self, channels: Sequence[Channel] = (), values: Mapping[str, Value | None] | None = None) -> None:
        by_name = {channel.name: channel for channel in channels}
        present = {name: value for name, value in (values or {}).items() if value is not None}
        self.definitions: dict[str, Channel] = {name: by_name[name] for name in present}
        self._values = present

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def merge_channels(frames: Sequence[ChannelValues], value: Callable[[Channel], Value | None]) -> ChannelValues:
    """Apply a function to every channel that is present in any of the frames."""
    channels = {name: channel for values in frames for name, channel in values.definitions.items()}
    return ChannelValues(tuple(channels.values()), {name: value(channel) for name, channel in channels.items()})
