"""Channel protocol: quantities that travel from driver to renderer beside pose and expression.

Movement carries its channels with it (`ChannelValues`), so whatever mixes, smooths, stores or retargets movement needs
to know none of them. Where movement begins, at a driver or a motion file, the caller says which channels there are.
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
"""What a channel says of one moment, in the channel's shape."""


class ChannelReader(Protocol):
    """Reads a channel from a driver's frames, which it compares with the neutral frame that it was made from."""

    def read(self, frame: Frame, face: Face, steady: Face, neutral_from_frame: Affine | None) -> Value | None:
        """Return the value of a frame, or None where it shows nothing.

        Args:
            frame: H x W x 3 uint8 RGB, of the neutral frame's size.
            face: its landmarks, where the frame has them.
            steady: the same in pixels of the neutral frame, without what camera and body did since.
            neutral_from_frame: 2 x 3, what takes the one to the other; None where they are the same.
        """


class Channel(ABC):
    """One channel. A channel without special needs overrides `reader` alone.

    Attributes:
        name: key in every mapping of channels, and the setting that switches it: its strength, or whether it is on. A
            channel without such a setting is always on.
        shape: of one value.
        tremble: root mean square change that counts as tremble at full smoothing; larger changes pass.
        painted: whether only the portrait model uses it.
        live: whether it is smoothed in live use.
        member: name of its array in motion files, `name` if empty.
        kind: NumPy kind of that array.
    """

    name: str
    shape: tuple[int, ...]
    tremble: float = 0.1
    painted = False
    live = True
    member = ""
    kind = "f"

    @abstractmethod
    def reader(self, frame: Frame, face: Face) -> ChannelReader | None:
        """Return what reads the channel relative to a neutral frame (H x W x 3 uint8); None: too poor for it."""

    def strength(self, settings: MotionSettings) -> float:
        """Return how strongly the channel is applied; 0 is off."""
        return float(getattr(settings, self.name, 1.0))

    def wanted(self, settings: MotionSettings) -> bool:
        """Return whether it is worth reading."""
        return self.strength(settings) > 0

    def relative(self, neutral: Value | None, now: Value | None) -> Value | None:
        """Return the change since the neutral frame, of `shape`; nobody looked there counts as none."""
        return now if neutral is None or now is None else np.asarray(now - neutral, np.float32)

    def mix(self, first: Value | None, second: Value | None, weight: float) -> Value | None:
        """Return the value (of `shape`) between two moments (0 the first, 1 the second); nobody looked is no change."""
        if first is None or second is None:
            only, share = (second, weight) if first is None else (first, 1.0 - weight)
            return None if only is None else np.asarray(share * only, np.float32)
        return np.asarray((1.0 - weight) * first + weight * second, np.float32)

    def covered(self, part: str, now: Value | None, held: Value | None) -> Value | None:  # noqa: ARG002
        """Return the value while something lies over a part of the face.

        Args:
            part: one of `geometry.region_weights.PARTS`.
            now: as read.
            held: what was read before, eased to rest.
        """
        return now

    def smooth(
        self, now: Value | None, lags: NDArray[np.float64], near: Sequence[Value], strength: float
    ) -> Value | None:
        """Return the value averaged with neighbours in time that are alike.

        Args:
            now: the moment's own.
            lags: K float64, distances in time in half the filter's reach.
            near: K values (K x `shape` together, float32), the moment's own among them.
            strength: above 0, at most 1.
        """
        if now is None or len(near) < 2:
            return None if now is None else np.asarray(now, np.float32)
        values = np.stack(near)
        changed = np.sqrt(((values - now) ** 2).sum(axis=-1).reshape(len(near), -1).mean(axis=1))
        weights = np.exp(-0.5 * lags**2 - 0.5 * (changed / (self.tremble * strength)) ** 2)
        return np.asarray(np.tensordot(weights / weights.sum(), values, axes=1), np.float32)

    def encode(self, values: Sequence[Value | None]) -> NDArray[Any]:
        """Return the array that a motion file holds, N x shape of `kind`. Here: float32, NaN where nobody looked."""
        absent = np.full(self.shape, np.nan, np.float32)
        return np.stack([absent if value is None else value for value in values]).astype(np.float32)

    def decode(self, array: NDArray[Any], step: float) -> list[Value | None]:  # noqa: ARG002
        """Return the values in such an array, once its shape and kind are checked.

        Args:
            array: from a file, maybe made to harm.
            step: canonical centimetres per unit of length, from the file's header.
        """
        return [value.astype(np.float32) if np.isfinite(value).all() else None for value in array]

    def migrated(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the array of an earlier version's file (N x its shape then) in today's form (N x `shape`)."""
        return array

    def scaled(self, value: Value, settings: MotionSettings, pose_scale: float) -> NDArray[Any] | None:  # noqa: ARG002
        """Return the value for a target face, as strong as the settings say; None where it is off.

        Args:
            value: of one moment.
            settings: see `strength`.
            pose_scale: pixels of the target's crop in a canonical centimetre.
        """
        strength = self.strength(settings)
        return np.asarray(value * np.float32(strength), np.float32) if strength > 0 else None


class ChannelValues(Mapping[str, Value]):
    """Name to value of the channels of one moment, and how each is treated. Absent: nobody looked.

    Args:
        channels: those there may be.
        values: name to value; None counts as absent.

    Raises:
        KeyError: a value of a channel that is not among them.
    """

    def __init__(self, channels: Sequence[Channel] = (), values: Mapping[str, Value | None] | None = None) -> None:
        known = {channel.name: channel for channel in channels}
        given = {name: value for name, value in (values or {}).items() if value is not None}
        self.kinds: dict[str, Channel] = {name: known[name] for name in given}
        self._values = given

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def combined(moments: Sequence[ChannelValues], value: Callable[[Channel], Value | None]) -> ChannelValues:
    """Return what a function says of every channel that any of the moments has."""
    channels = {name: channel for moment in moments for name, channel in moment.kinds.items()}
    return ChannelValues(tuple(channels.values()), {name: value(channel) for name, channel in channels.items()})
