"""One motion frame becomes some forty bytes and comes back nearly the same; anything else is refused."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest
from stream_material import error, talk

from animato.geometry.pose import rotation_exp
from animato.motion.dropouts import rest_frame
from animato.motion.entropy import RAW_LIMIT, DamagedMessageError, Model, decode, encode
from animato.motion.motion_codec import MAX_BYTES, TIME_WRAP, MotionCodec

FLAT = Model.of([512] * 8, 0)
STEEP = Model.of([1, 4, 4090, 1], 3)


def test_values_come_back_whatever_they_are() -> None:
    values = [0, -3, 3, 17, -9, 40_000, -40_000, RAW_LIMIT - 1]
    models = [FLAT, STEEP] * 4
    got, rest = decode(encode(values, models, 77), models)
    assert got == [min(max(value, -RAW_LIMIT), RAW_LIMIT - 1) for value in values] and rest == 77


def test_a_message_is_as_short_as_its_probabilities_allow() -> None:
    assert len(encode([0] * 64, [FLAT] * 64, 1)) == 64 * 3 // 8 + 1
    assert len(encode([9] * 64, [STEEP] * 64, 1)) == 64 * 3 // 8 + 1  # the likely symbol itself costs next to nothing


@pytest.mark.parametrize("counts", [[4096], [0, 4096], [2048, 2047], [1, 4094, 1]])
def test_tables_that_cannot_code_are_refused(counts: list[int]) -> None:
    with pytest.raises(ValueError, match="table"):
        Model.of(counts, 0)


def test_a_talking_person_needs_some_forty_bytes_and_moves_by_less_than_a_fifth_of_a_pixel() -> None:
    frames, neutral = talk()
    codec = MotionCodec()
    messages = [codec.encode(frame, neutral).message for frame in frames]
    decoded = [codec.decode(message, neutral).motion for message in messages]
    assert np.mean([len(message) for message in messages]) < 52
    assert np.mean([error(*pair) for pair in zip(frames, decoded, strict=True)]) < 0.2
    for frame, other in zip(frames, decoded, strict=True):
        assert other.time == pytest.approx(frame.time, abs=6e-4) and other.tracked == frame.tracked
        assert np.abs(frame.apertures - other.apertures).max() < 0.0026
        assert np.abs(frame.blendshapes - other.blendshapes).max() < 0.076


def test_changes_take_little_more_than_half_the_bits_and_give_the_same_frame() -> None:
    frames, neutral = talk()
    codec, alone, changed = MotionCodec(), 0, 0
    for first, second in itertools.pairwise(frames):
        base, whole = codec.encode(first, neutral), codec.encode(second, neutral)
        change = codec.encode(second, neutral, base.values)
        got = codec.decode(change.message, neutral, base.values)
        assert got.values == whole.values == change.values
        assert error(got.motion, codec.decode(whole.message, neutral).motion) == 0
        alone, changed = alone + len(whole.message), changed + len(change.message)
    assert changed < 0.65 * alone


def test_rest_stays_rest_to_the_last_bit_of_expression() -> None:
    _, neutral = talk()
    codec = MotionCodec()
    decoded = codec.decode(codec.encode(rest_frame(neutral), neutral).message, neutral).motion
    assert not decoded.expression.any() and (decoded.rotation == np.eye(3)).all() and decoded.scale == 1.0
    assert not decoded.tracked


def test_time_wraps() -> None:
    frames, neutral = talk()
    codec = MotionCodec()
    late = replace(frames[0], time=TIME_WRAP * 3 + 1.5)
    assert codec.decode(codec.encode(late, neutral).message, neutral).motion.time == pytest.approx(1.5)


def test_violent_motion_is_coded_too() -> None:
    frames, neutral = talk()
    wild = replace(
        frames[5],
        rotation=rotation_exp(np.array([0.8, -1.2, 0.9])),
        translation=np.array([-40.0, 25.0]),
        scale=2.5,
        expression=frames[5].expression * 6,
    )
    codec = MotionCodec()
    assert error(codec.decode(codec.encode(wild, neutral).message, neutral).motion, wild) < 8


@pytest.mark.parametrize("name", ["expression", "apertures", "blendshapes", "translation"])
def test_values_that_are_no_numbers_are_not_sent(name: str) -> None:
    frames, neutral = talk()
    broken = getattr(frames[0], name).copy()
    broken.flat[0] = np.nan
    with pytest.raises(ValueError, match="not numbers"):
        MotionCodec().encode(replace(frames[0], **{name: broken}), neutral)


def test_any_bytes_are_refused_or_are_a_head() -> None:
    frames, neutral = talk()
    codec, rng = MotionCodec(), random.Random(3)
    genuine = codec.encode(frames[3], neutral).message
    accepted = 0
    for number in range(600):
        if number % 3:
            broken = bytearray(genuine)
            for _ in range(rng.randint(1, 4)):
                broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
            message = bytes(broken[: rng.randint(1, len(broken))])
        else:
            message = rng.randbytes(rng.choice((0, 1, 7, 40, 200, MAX_BYTES, MAX_BYTES + 1)))
        try:
            frame = codec.decode(message, neutral).motion
        except DamagedMessageError:
            continue
        accepted += 1
        assert np.isfinite(frame.expression).all() and np.abs(frame.expression).max() <= 10
        assert 0.1 <= frame.scale <= 10 and np.abs(frame.translation).max() <= 100
    assert accepted < 30
