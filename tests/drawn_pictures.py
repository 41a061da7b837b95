"""Drawn things that a detector takes for faces, and a face drawn in flat colours that is one."""

from __future__ import annotations

import cv2
import numpy as np

from animato.types import Frame

SIDE = 640
BLACK = (0, 0, 0)
Colour = tuple[int, int, int]


def canvas(colour: Colour) -> Frame:
    return np.full((SIDE, SIDE, 3), colour, np.uint8)


def smiley(colour: Colour, *, wide_eyes: bool, mouth: str) -> Frame:
    """A disc with two eyes and a mouth: "arc", "line", "round" or "frown"."""
    picture = canvas((255, 255, 255))
    cv2.circle(picture, (320, 320), 200, colour, -1, cv2.LINE_AA)
    cv2.circle(picture, (320, 320), 200, BLACK, 6, cv2.LINE_AA)
    for side in (-70, 70):
        if wide_eyes:
            cv2.ellipse(picture, (320 + side, 280), (40, 45), 0, 0, 360, (255, 255, 255), -1, cv2.LINE_AA)
            cv2.circle(picture, (320 + side, 290), 14, (20, 20, 20), -1, cv2.LINE_AA)
        else:
            cv2.ellipse(picture, (320 + side, 280), (25, 40), 0, 0, 360, BLACK, -1, cv2.LINE_AA)
    if mouth == "arc":
        cv2.ellipse(picture, (320, 380), (90, 70), 0, 20, 160, BLACK, 10, cv2.LINE_AA)
    elif mouth == "line":
        cv2.line(picture, (230, 450), (410, 450), BLACK, 10, cv2.LINE_AA)
    elif mouth == "round":
        cv2.ellipse(picture, (320, 420), (26, 36), 0, 0, 360, (60, 10, 10), -1, cv2.LINE_AA)
    else:
        cv2.ellipse(picture, (320, 460), (90, 70), 0, 200, 340, BLACK, 10, cv2.LINE_AA)
    return picture


def dog(coat: Colour, muzzle: Colour) -> Frame:
    """A head with hanging ears, and a nose where a face has its mouth."""
    picture = canvas((150, 180, 140))
    dark = tuple(int(value * 0.6) for value in coat)
    for side, turn in ((-130, 12), (130, -12)):
        cv2.ellipse(picture, (320 + side, 300), (60, 150), turn, 0, 360, dark, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (320, 310), (140, 160), 0, 0, 360, coat, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (320, 410), (80, 97), 0, 0, 360, muzzle, -1, cv2.LINE_AA)
    for side in (-62, 62):
        cv2.ellipse(picture, (320 + side, 270), (26, 20), 0, 0, 360, (60, 35, 15), -1, cv2.LINE_AA)
        cv2.circle(picture, (320 + side, 270), 12, (10, 8, 6), -1, cv2.LINE_AA)
        cv2.circle(picture, (314 + side, 264), 4, (250, 250, 250), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (320, 381), (38, 26), 0, 0, 360, (25, 20, 20), -1, cv2.LINE_AA)
    cv2.line(picture, (320, 401), (320, 431), (40, 25, 20), 4, cv2.LINE_AA)
    for side in (-32, 32):
        cv2.ellipse(picture, (320 + side, 426), (32, 22), 0, 0, 180, (40, 25, 20), 5, cv2.LINE_AA)
    return picture


SKIN: Colour = (250, 220, 200)


def cartoon() -> Frame:
    """A face in flat colours, with eyes, brows, nose and mouth where a face has them."""
    picture, hair = canvas((210, 220, 235)), (60, 40, 30)
    cv2.ellipse(picture, (320, 270), (165, 190), 0, 0, 360, hair, -1, cv2.LINE_AA)
    cv2.rectangle(picture, (280, 430), (360, 540), (225, 198, 180), -1)
    cv2.ellipse(picture, (320, 320), (130, 165), 0, 0, 360, SKIN, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (320, 190), (135, 70), 0, 180, 360, hair, -1, cv2.LINE_AA)
    cv2.rectangle(picture, (188, 185), (452, 215), hair, -1)
    cv2.fillPoly(picture, [np.array([[120, 640], [220, 540], [420, 540], [520, 640]])], (90, 110, 160))
    for side in (-58, 58):
        cv2.ellipse(picture, (320 + side, 300), (32, 26), 0, 0, 360, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(picture, (320 + side, 300), 16, (60, 110, 60), -1, cv2.LINE_AA)
        cv2.circle(picture, (320 + side, 300), 8, (10, 10, 10), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (320 + side, 300), (32, 26), 0, 180, 360, (40, 20, 20), 4, cv2.LINE_AA)
        cv2.ellipse(picture, (320 + side, 262), (38, 14), 0, 200, 340, hair, 7, cv2.LINE_AA)
    cv2.ellipse(picture, (320, 365), (16, 10), 0, 10, 170, (175, 154, 140), 4, cv2.LINE_AA)
    cv2.ellipse(picture, (320, 405), (45, 22), 0, 20, 160, (150, 60, 60), 6, cv2.LINE_AA)
    return picture
