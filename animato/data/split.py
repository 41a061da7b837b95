"""Train, validation and test by person: dealt by hash, so that adding people never moves those who are there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def split_of(group: str, val: float = 0.1, test: float = 0.1, salt: str = "animato") -> str:
    """Return the split of a group of people who must stay together.

    Args:
        group: name of the group.
        val: share of the groups for validation, in [0, 1].
        test: share of the groups for tests, in [0, 1].
        salt: another word gives another deal.
    """
    digest = hashlib.sha256(f"{salt}:{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < test:
        return "test"
    return "val" if place < test + val else "train"


def joined_groups(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return for each person the name of everything that must share a split with them.

    People of one group belong together, and so do the groups that share a person; the name is the first of the
    connected groups in alphabetical order.

    Args:
        pairs: (person, group) of every clip.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    people: dict[str, str] = {}
    for person, group in pairs:
        first = people.setdefault(person, group)
        low, high = sorted((root(first), root(group)))
        parent[high] = low
    return {person: root(group) for person, group in people.items()}
