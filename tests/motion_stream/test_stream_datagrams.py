"""Datagrams: what the sender writes is read once, by who has the key; everything else is dropped and counted."""

from __future__ import annotations

import random
from dataclasses import asdict, replace

import numpy as np
import pytest
from stream_material import KEY, UNIX, seconds_of_talk, talk

from animato.motion.motion_frame import Neutral
from animato.network.datagram import MAX_DATAGRAM, OPEN_KEY, Kind, Sealer, header_of
from animato.network.decoder import WINDOW, StreamDecoder
from animato.network.encoder import EAGER_HELLOS, StreamEncoder


def session(count: int = 10, key: bytes | None = KEY, unix: float = UNIX) -> list[bytes]:
    """The datagrams of the first frames of a session: a hello and its frame, then frames and hellos."""
    frames, neutral = seconds_of_talk(count / 25)
    encoder = StreamEncoder(key)
    return [part for f in frames for part in encoder.datagrams(f, neutral, f.time, unix + f.time)]


def fed(decoder: StreamDecoder, datagrams: list[bytes], unix: float = UNIX) -> int:
    """Give datagrams to a decoder; return how many frames came out."""
    return sum(len(decoder.receive(part, number / 25, unix)) for number, part in enumerate(datagrams))


@pytest.mark.parametrize("key", [KEY, None], ids=["key", "open"])
def test_neutral_measures_and_motion_arrive(key: bytes | None) -> None:
    frames, neutral = seconds_of_talk(0.4)
    encoder, decoder = StreamEncoder(key, fps=25), StreamDecoder(key)
    for frame in frames:
        parts = encoder.datagrams(frame, neutral, frame.time, UNIX)
        (last,) = [item for part in parts for item in decoder.receive(part, frame.time, UNIX)]
        assert last.motion.time == pytest.approx(frame.time, abs=6e-4)
        assert np.allclose(last.neutral.rotation, neutral.rotation, atol=1e-6)
        assert np.allclose(last.neutral.apertures, neutral.apertures, atol=1e-6)
        assert last.neutral.mouth_width == pytest.approx(neutral.mouth_width)
        assert last.neutral.eye_widths == pytest.approx(neutral.eye_widths)
    assert decoder.fps == 25 and decoder.problem is None
    assert decoder.counts.frames == len(frames) and decoder.counts.lost == 0


def test_nothing_readable_is_sent_with_a_key() -> None:
    opened = Sealer(OPEN_KEY, session()[0][5:13])
    assert opened.session  # the session is readable, and no key
    decoder = StreamDecoder(None)
    assert fed(decoder, session()) == 0
    assert decoder.counts.forged > 0 and "another key" in str(decoder.problem)


def test_who_has_no_key_moves_no_face() -> None:
    for key in (None, bytes(32)):
        decoder = StreamDecoder(KEY)
        assert fed(decoder, session(key=key)) == 0 and "another key" in str(decoder.problem)


def kind(datagram: bytes) -> Kind:
    return header_of(datagram).kind


def test_order_does_not_matter_and_repeats_are_dropped() -> None:
    datagrams = session(30)
    rng, decoder = random.Random(1), StreamDecoder(KEY)
    shuffled = [
        datagrams[0],
        *sorted(datagrams[1:], key=lambda part: int.from_bytes(part[3:5], "big") + rng.random() * 8),
    ]
    assert shuffled != datagrams
    assert fed(decoder, shuffled) == 30 and decoder.counts.lost == decoder.counts.waiting == 0
    assert fed(decoder, shuffled) == 0 and decoder.counts.repeated == len(shuffled)


def test_what_is_lost_costs_itself_and_at_most_its_follower() -> None:
    datagrams = session(30)
    for number, lost in enumerate(datagrams[1:], 1):
        decoder = StreamDecoder(KEY)
        got = fed(decoder, datagrams[:number] + datagrams[number + 1 :])
        follower = number + 1 < len(datagrams) and kind(datagrams[number + 1]) is Kind.FOLLOWER
        assert got == 30 - (kind(lost) is not Kind.HELLO) - follower
        assert decoder.counts.waiting == follower
        assert decoder.counts.lost == (number + 1 < len(datagrams))


def test_a_frame_that_comes_after_the_window_is_dropped() -> None:
    datagrams = session(WINDOW + 20)
    decoder = StreamDecoder(KEY)
    fed(decoder, [*datagrams[:1], *datagrams[5:]])
    assert not decoder.receive(datagrams[1], 9.0, UNIX) and decoder.counts.repeated == 1


def test_a_receiver_that_joins_late_waits_for_the_next_hello_only() -> None:
    datagrams = session(120)
    decoder = StreamDecoder(KEY)
    start = len(datagrams) // 2
    assert fed(decoder, datagrams[start:]) >= 10
    assert 0 < decoder.counts.unannounced <= 50


def test_sequence_numbers_go_on_beyond_sixteen_bits() -> None:
    frames, neutral = talk()
    encoder, decoder = StreamEncoder(KEY), StreamDecoder(KEY)
    encoder._sequence = 0xFFF0
    got = 0
    for number in range(40):
        for part in encoder.datagrams(replace(frames[0], time=number / 25), neutral, number / 25, UNIX):
            got += len(decoder.receive(part, number / 25, UNIX))
    assert got == 40


def test_time_goes_on_after_a_pause_longer_than_its_wrap() -> None:
    frames, neutral = talk()
    encoder, decoder = StreamEncoder(KEY), StreamDecoder(KEY)
    for time in (0.0, 0.04, 50.0, 50.04, 300.0):
        parts = encoder.datagrams(replace(frames[0], time=time), neutral, time, UNIX)
        (decoded,) = [item for part in parts for item in decoder.receive(part, time + 7, UNIX)]
        assert decoded.motion.time == pytest.approx(time, abs=6e-4)


def test_a_recorded_session_cannot_be_played_again() -> None:
    first, second = session(unix=UNIX), session(unix=UNIX + 30)
    decoder = StreamDecoder(KEY)
    assert fed(decoder, first, UNIX) and fed(decoder, second, UNIX + 30)
    assert fed(decoder, first, UNIX + 31) == 0 and decoder.counts.stale > 0
    late = StreamDecoder(KEY)
    assert fed(late, first, UNIX + 3600) == 0 and "clocks" in str(late.problem)


def test_a_new_calibration_moves_to_new_measures_with_its_own_frames() -> None:
    frames, neutral = seconds_of_talk(0.4)
    other = replace(neutral, mouth_width=neutral.mouth_width + 1)
    encoder, decoder = StreamEncoder(KEY), StreamDecoder(KEY)
    seen: list[Neutral] = []
    late = b""
    for number, frame in enumerate(frames):
        parts = encoder.datagrams(frame, neutral if number < 5 else other, frame.time, UNIX)
        if number == 4:
            late = parts.pop()
        seen += [item.neutral for part in parts for item in decoder.receive(part, frame.time, UNIX)]
    assert [round(item.mouth_width - neutral.mouth_width) for item in seen] == [0] * 4 + [1] * 5
    (behind,) = decoder.receive(late, 1.0, UNIX)
    assert behind.neutral.mouth_width == pytest.approx(neutral.mouth_width)


def test_hellos_are_repeated_eagerly_and_then_now_and_then() -> None:
    datagrams = session(25 * 9)
    assert sum(kind(part) is Kind.HELLO for part in datagrams) == EAGER_HELLOS + 4


def test_anything_else_is_dropped_counted_and_never_raises() -> None:
    datagrams = session(20)
    rng, decoder = random.Random(5), StreamDecoder(KEY)
    fed(decoder, datagrams[:4])
    before = decoder.counts.frames
    for number in range(3000):
        broken = bytearray(rng.choice(datagrams))
        if number % 2:
            broken = bytearray(rng.randbytes(rng.choice((0, 1, 5, 13, 60, 104, 120, MAX_DATAGRAM, 1400))))
            broken[:1] = rng.choice((b"\x20", b"\x28", b"\x30", b"\x21", b"\x38", b"\x40", b""))
        else:
            for place in rng.sample(range(len(broken)), rng.randint(1, 3)):
                broken[place] ^= 1 << rng.randrange(8)
        assert not decoder.receive(bytes(broken), 1.0, UNIX)
    counts = asdict(decoder.counts)
    assert decoder.counts.frames == before and counts["forged"] > 500 and counts["malformed"] > 500
    assert fed(decoder, datagrams[4:]) > 0  # and the session goes on


def test_a_sender_without_a_key_cannot_break_a_receiver_without_one() -> None:
    rng, decoder = random.Random(6), StreamDecoder(None)
    datagrams = session(6, key=None)
    fed(decoder, datagrams[:2])
    sealer = Sealer(OPEN_KEY, datagrams[0][5:13])
    for number in range(300):
        how = rng.choice((Kind.FRAME, Kind.FOLLOWER))
        decoder.receive(sealer.frame(100 + number, 0, rng.randbytes(rng.randint(1, 300)), how), 1.0, UNIX)
    assert decoder.counts.malformed > 100 and len(decoder._followers) <= WINDOW
