"""Assign people to train, validation and test by hash, so that adding people does not move existing ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def split_of(group: str, val: float = 0.1, test: float = 0.1, salt: str = "animato") -> str:
    """Return the split of a group of people.

    Args:
        group: name of the group.
        val: share of the groups for validation, in [0, 1].
        test: share of the groups for tests, in [0, 1].
        salt: salt of the hash; a different one gives a different assignment.
    """
    digest = hashlib.sha256(f"{salt}:{group}".encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position < test:
        return "test"
    return "val" if position < test + val else "train"


def joined_groups(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Map each person to the connected component of groups that must share a split.

    Groups that share a person are connected; a component is named after its alphabetically first group.

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
