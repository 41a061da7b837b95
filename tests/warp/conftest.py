"""Fixtures of the warp tests."""

from __future__ import annotations

import pytest
from warp_material import SIZE, Head, at_size, closed_lips, head

from animato.types import Face, Frame


@pytest.fixture(scope="session")
def smiling(portrait: Frame, portrait_face: Face) -> Head:
    """The portrait's head: a smile that shows teeth."""
    return at_size(portrait, portrait_face, SIZE)


@pytest.fixture(scope="session")
def calm(smiling: Head) -> Head:
    """A photo of the same person with closed lips, made by the warp itself."""
    points = smiling.with_face(closed_lips(smiling.local))
    return head(smiling.warper.render(points, smiling.warper.pose).image, points)
