"""Keys and messages: each does what it says, and what is wrong is refused with a sentence."""

from __future__ import annotations

import pytest

from animato.errors import UsageError
from animato.live.performer import EXPRESSIONS, Performer
from animato.live.remote import KEYS, Remote

Strengths = dict[str, float]


@pytest.fixture
def strengths() -> Strengths:
    return {"mouth": 1.95, "pose": 0.05, "done": 0.0}


@pytest.fixture
def remote(strengths: Strengths) -> Remote:
    def count() -> None:
        strengths["done"] += 1

    return Remote(Performer(), count, lambda **values: strengths.update(values), strengths.__getitem__, count)


def test_every_key_does_something(remote: Remote) -> None:
    assert all(remote.key(key) for key in KEYS)
    assert remote.key("?") is None


def test_switches_toggle(remote: Remote) -> None:
    switches = remote.performer.switches
    for key, name in (("m", "mirror"), ("f", "freeze"), ("h", "hide")):
        assert remote.key(key) == f"{name} on" and getattr(switches, name)
        assert remote.key(key) == f"{name} off" and not getattr(switches, name)


def test_an_expression_key_again_ends_it(remote: Remote) -> None:
    first = next(iter(EXPRESSIONS))
    assert remote.key("1") == f"expression {first}" and remote.performer.switches.expression == first
    assert remote.key("1") == "expression off"
    remote.key("2")
    assert remote.key("0") == "expression off" and remote.performer.switches.expression is None


def test_strengths_stay_in_range(remote: Remote, strengths: Strengths) -> None:
    assert remote.key("]") == "mouth 2" and remote.key("{") == "pose 0"
    assert strengths["mouth"] == 2.0 and strengths["pose"] == 0.0


def test_calibrating_and_quitting_are_called(remote: Remote, strengths: Strengths) -> None:
    remote.key("c")
    remote.key("q")
    assert strengths["done"] == 2


def test_messages_of_a_page(remote: Remote, strengths: Strengths) -> None:
    assert remote.message({"do": "hide"}) == "hide on"
    remote.message({"set": {"mouth": 0.5}})
    remote.message({"controls": {"smile": 0.5}})
    assert strengths["mouth"] == 0.5 and remote.performer.switches.controls == {"smile": 0.5}


@pytest.mark.parametrize(
    "message", [None, 1, [], {}, {"do": 1}, {"set": 1}, {"set": {"crf": 1}}, {"controls": {"nose": 1}}, {"controls": 1}]
)
def test_other_messages_are_refused(remote: Remote, message: object) -> None:
    with pytest.raises(UsageError):
        remote.message(message)
