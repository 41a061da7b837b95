"""The sides and the back of a head go on with the photo's colours: hair where it has hair, a bare skull where not."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animato.geometry.landmarks import MESH_POINTS, OVAL
from animato.head.closed_topology import COLUMNS, FRONT, RINGS
from animato.head.rim_colours import HeadKinds
from animato.head.side_chart import FACE_ROWS, HEIGHT, SHOWN_ROWS, WIDTH, SideChart, texture_places
from animato.head.side_texture import _without_sheen, side_texture

Colour = tuple[int, int, int]
SIDE, MIDDLE, RADIUS, SCALE = 240, (120.0, 120.0), 90.0, 8.0
SKIN, GLOSS, BLOND, WALL = (150, 105, 90), (250, 215, 205), (180, 160, 120), (230, 232, 228)


def _drawn_head(
    crown: tuple[int, int, int], crown_end: int
) -> tuple[NDArray[np.uint8], HeadKinds, NDArray[np.float32]]:
    """A round head that darkens towards its edge, of one colour above a row (taken for hair) and of skin below."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    radius = np.hypot(x - MIDDLE[0], y - MIDDLE[1]) / RADIUS
    head = (radius < 1).astype(np.float32)
    is_hair = (y < crown_end) & (head > 0)
    picture = np.where(is_hair[..., None], crown, SKIN) * (1 - 0.5 * np.clip(radius, 0, 1) ** 4)[..., None]
    hair = is_hair.astype(np.float32)
    return picture.astype(np.uint8), HeadKinds(hair, hair, head - hair, np.zeros_like(head)), head


def _rings() -> NDArray[np.float64]:
    angle = np.linspace(-np.pi / 2, 1.5 * np.pi, COLUMNS, endpoint=False)
    out = np.column_stack([np.cos(angle), np.sin(angle)])
    radius = RADIUS * (0.7 + 0.3 * np.sin(np.arange(FRONT + 1) / FRONT * np.pi / 2))
    return np.array(MIDDLE) + radius[:, None, None] * out


def _texture(picture: NDArray[np.uint8], kinds: HeadKinds, head: NDArray[np.float32]) -> NDArray[np.uint8]:
    return side_texture((picture, picture, head), kinds, head, SideChart(_rings()), np.zeros(COLUMNS), SCALE)


def _back(crown: Colour, crown_end: int, *, bare: bool = False) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    picture, kinds, head = _drawn_head(crown, crown_end)
    if bare:
        kinds = HeadKinds(0 * head, 0 * head, head, kinds.neck)
    edge = picture[np.abs(np.hypot(*(np.mgrid[:SIDE, :SIDE] - 120.0)) - 0.94 * RADIUS) < 2]
    return _texture(picture, kinds, head)[SHOWN_ROWS:], edge.astype(np.float32)


def test_a_shaven_crown_that_catches_the_light_goes_on_as_dark_as_its_edge() -> None:
    texture, edge = _back(GLOSS, 80, bare=True)
    row = cv2.blur(texture, (9, 9))[len(texture) // 8].astype(np.float32)
    assert np.median(row, axis=0).max() < np.percentile(edge, 75, axis=0).max()
    assert np.abs(np.median(row, axis=0) - np.median(edge[edge[:, 0] < 130], axis=0)).max() < 25
    assert texture.std(axis=0).max() < 40  # no patches of the gloss


def test_fair_hair_down_the_sides_is_hair_all_around() -> None:
    texture, _ = _back(BLOND, 150)
    colour = np.median(texture.reshape(-1, 3), axis=0)
    assert np.abs(colour - np.array(BLOND) * 0.9).max() < 30


def test_front_rows_show_what_the_photo_shows_there() -> None:
    picture, kinds, head = _drawn_head(BLOND, 100)
    cv2.circle(picture, (int(MIDDLE[0] - 0.9 * RADIUS), 150), 12, (200, 40, 40), -1)  # an ear
    texture = _texture(picture, kinds, head).astype(int)
    red = texture[..., 0] - texture[..., 1] > 60
    assert red[:SHOWN_ROWS].sum() > 200
    assert red[SHOWN_ROWS + 30 :].sum() == 0
    halves = sorted((red[:, : WIDTH // 2].sum(), red[:, WIDTH // 2 :].sum()))
    assert halves[1] > 10 * halves[0]


def test_hair_of_the_back_is_as_lively_as_the_hair_of_the_photo() -> None:
    picture, kinds, head = _drawn_head((70, 55, 45), 150)
    grain = np.random.default_rng(3).normal(0, 12, (SIDE, SIDE, 1))
    lively = np.clip(picture + grain * kinds.hair[..., None], 0, 255).astype(np.uint8)
    back = _texture(lively, kinds, head)[SHOWN_ROWS:].astype(np.float32)
    smooth = _texture(picture, kinds, head)[SHOWN_ROWS:].astype(np.float32)
    fine = (back - cv2.GaussianBlur(back, (0, 0), 5.0)).std()
    assert fine > 4 * (smooth - cv2.GaussianBlur(smooth, (0, 0), 5.0)).std()
    assert 4 < fine < 14  # as strong, but for what is lost between pixels
    assert np.array_equal(_texture(lively, kinds, head), _texture(lively, kinds, head))


def test_a_wall_between_strands_is_no_colour_of_hair() -> None:
    picture, kinds, head = _drawn_head((40, 32, 30), 200)
    seen = picture.copy()
    seen[100:140, int(MIDDLE[0] + 0.75 * RADIUS) : int(MIDDLE[0] + 0.95 * RADIUS)] = WALL
    back = _texture(seen, kinds, head)[SHOWN_ROWS:]
    assert back.mean(axis=0).max() < 60


def test_a_grey_photo_has_a_grey_texture() -> None:
    picture, kinds, head = _drawn_head((60, 60, 60), 150)
    grey = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)
    grey += np.random.default_rng(1).normal(0, 9, (SIDE, SIDE, 1))
    texture = _texture(np.clip(grey, 0, 255).astype(np.uint8), kinds, head).astype(int)
    assert np.ptp(texture, axis=2).max() <= 1


def test_every_ring_has_its_row() -> None:
    places = texture_places()
    assert places.shape == (MESH_POINTS + RINGS * COLUMNS, 2)
    rings = places[MESH_POINTS:].reshape(RINGS, COLUMNS, 2)
    assert (places[list(OVAL), 1] == FACE_ROWS).all()
    rows = rings[:, 0, 1]
    assert rows[0] > FACE_ROWS and (np.diff(rows[:FRONT]) > 0).all()
    assert rows[FRONT - 1] == rows[FRONT + 1] == SHOWN_ROWS  # the silhouette, as the end of the front and of the back
    assert rows[-1] == HEIGHT - 1


def test_steep_skin_that_shines_grey_has_the_hue_of_the_face_and_a_beard_keeps_its_own() -> None:
    own = np.empty((SHOWN_ROWS, WIDTH, 3), np.float32)
    own[:] = SKIN
    grey, beard = slice(FACE_ROWS, FACE_ROWS + 30), slice(FACE_ROWS + 40, FACE_ROWS + 60)
    own[grey], own[beard] = (118, 117, 116), (45, 45, 46)
    found = _without_sheen(own, np.ones((SHOWN_ROWS, WIDTH), np.float32))
    np.testing.assert_allclose(found[grey].sum(axis=2), 351, atol=2)  # as light as before
    share = found[grey] / found[grey].sum(axis=2, keepdims=True)
    np.testing.assert_allclose(share[0, 0], np.array(SKIN) / sum(SKIN), atol=0.01)
    np.testing.assert_array_equal(found[beard], own[beard])
    np.testing.assert_allclose(found[: FACE_ROWS // 2], own[: FACE_ROWS // 2], atol=0.5)
