"""The built-in channels; see `motion.channel`."""

from __future__ import annotations

from animato.appearance.expression_light import ExpressionLight
from animato.appearance.mouth_interior import MouthInterior
from animato.appearance.residual_flow import ResidualFlow
from animato.motion.channel import Channel

CHANNELS: tuple[Channel, ...] = (ResidualFlow(), MouthInterior(), ExpressionLight())
