"""Head view: a photo cropped to the animated square, with lazily computed and cached properties."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import OVAL
from animato.geometry.mesh import Extent, whole_extent
from animato.geometry.pose import HeadPose, fit_pose, local_from_points
from animato.head.bare_skull import without_bare_skull
from animato.head.closed_head import ClosedHead, fit_closed_head, solid_part, upwards
from animato.head.clothes import without_clothes
from animato.head.eyeballs import Eyeball, build_eyeballs
from animato.head.gamut import FaceGamut
from animato.head.head_colours import ABOVE
from animato.head.light import HeadLight
from animato.head.matte import Matte, matte_of
from animato.head.mouth import MouthInterior, build_mouth
from animato.head.opacity import Opacity, opacity_of
from animato.head.parts import HeadParts, Shares
from animato.head.person_layers import PersonLayers, person_layers
from animato.head.white_balance import white_balance_of
from animato.motion.edge_clearance import EdgeLimits, edge_limits
from animato.types import Frame, Points


@dataclass(frozen=True, eq=False)
class HeadView:
    """A square crop of one photo of a head. Derived properties are computed on first use and cached.

    Attributes:
        image: S x S x 3 uint8 RGB.
        points: 478 x 3 float32, its landmarks in pixels of the square.
        extent: left, top, right and bottom edge of the part inside the photo, pixels; None for all of it.
        blendshapes: 52 float32 in [0, 1], the photo's expression scores, or None.
        cut: edges of the photo that crop the head, of "top", "bottom", "left" and "right".
        parts: of the head, their map from pixels of the square; None where they are not known.
        drawing: whether it is drawn in flat colours rather than photographed or painted.
    """

    image: Frame
    points: Points
    extent: Extent | None = None
    blendshapes: NDArray[np.float32] | None = None
    cut: tuple[str, ...] = ()
    parts: HeadParts | None = None
    drawing: bool = False

    @property
    def size(self) -> int:
        """Side of the square, pixels."""
        return int(self.image.shape[0])

    @property
    def shown(self) -> Extent:
        """Part of the square inside the photo: `extent`, or all of it."""
        return self.extent or whole_extent(self.size)

    @functools.cached_property
    def pose(self) -> HeadPose:
        """Rigid pose of the head, in pixels of the square."""
        return fit_pose(self.points)

    @functools.cached_property
    def edges(self) -> EdgeLimits:
        """Limits of motion away from the edges that crop the head."""
        return edge_limits(self.points, self.pose, self.shown, self.cut)

    @functools.cached_property
    def local(self) -> NDArray[np.float64]:
        """478 x 3, the landmarks in the head's own frame, canonical centimetres."""
        return local_from_points(self.points, self.pose)

    @functools.cached_property
    def white_balance(self) -> NDArray[np.float32]:
        """3 float32: gains that white-balance the skin of the face (`head.white_balance`)."""
        return white_balance_of(self.image, self.points, self.pose)

    @functools.cached_property
    def light(self) -> HeadLight:
        """Light on the face, by the direction that skin faces."""
        return HeadLight.of(self.image, self.points, self.pose.scale)

    @functools.cached_property
    def gamut(self) -> FaceGamut:
        """Colour range of the face, to which painted pixels are clipped."""
        return FaceGamut.of(self.image, self.points)

    @functools.cached_property
    def eyeballs(self) -> tuple[Eyeball, Eyeball]:
        """Eyeball textures, left and right."""
        return build_eyeballs(self.image, self.points, self.pose, self.gamut, drawing=self.drawing)

    @functools.cached_property
    def mouth(self) -> MouthInterior:
        """Mouth interior of the photo."""
        mouth = build_mouth(self.image, self.points, self.pose, self.gamut, self.blendshapes)
        return replace(mouth, draws_teeth=not self.drawing)

    @functools.cached_property
    def matte(self) -> Matte | None:
        """Opacity of the person; None where the parts are not known."""
        return None if self.parts is None else matte_of(self.image, self.points, self.parts)

    @functools.cached_property
    def is_closed(self) -> bool:
        """Whether the head is rendered as a closed one: its outline is reliable and no edge at a side cuts it."""
        return self.matte is not None and not self.matte.doubt and not {"left", "right"} & set(self.cut)

    @functools.cached_property
    def shares(self) -> Shares:
        """How much of the person its parts are, clothes beside the jaw and a bare skull told by their colour.

        Raises:
            ValueError: the parts are not known.
        """
        if self.parts is None or self.matte is None:
            raise ValueError("shares need the parts of the photo")
        shares = without_bare_skull(Shares.of(self.parts, self.size), self.image, self.matte.alpha)
        return without_clothes(shares, self.image, self.points, self.pose, self.matte.alpha)

    @functools.cached_property
    def closed_head(self) -> ClosedHead:
        """The head beyond its face mesh.

        Raises:
            ValueError: the parts are not known.
        """
        if self.parts is None or self.matte is None:
            raise ValueError("a closed head needs the parts of the photo")
        shares, alpha = self.shares, self.opacity.alpha
        bare = alpha * np.clip(1 - (shares.body - shares.skin), 0, 1)
        # Above, hair that shines as brightly as a wall is no gap.
        above = upwards(self.points[list(OVAL), :2].mean(axis=0), self.pose, self.size) > ABOVE[0]
        solid = solid_part(np.where(above, self.matte.alpha, alpha) * shares.head, self.pose.scale)
        top = self.shown[1] if "top" in self.cut else None
        return fit_closed_head(self.points, self.pose, solid, alpha * shares.hair, bare, top)

    @functools.cached_property
    def opacity(self) -> Opacity:
        """What of the photo is the person.

        Raises:
            ValueError: the parts are not known.
        """
        if self.parts is None or self.matte is None:
            raise ValueError("opacity needs the parts of the photo")
        return opacity_of(self.image, self.points, self.pose, self.matte.alpha, self.shares)

    @functools.cached_property
    def layers(self) -> PersonLayers | None:
        """The photo taken apart; None where its outline is unsure or an edge at a side cuts the head."""
        if self.parts is None or self.matte is None or not self.is_closed:
            return None
        return person_layers(
            self.image, self.points, self.pose, self.opacity, self.shares, self.closed_head, self.extent
        )
