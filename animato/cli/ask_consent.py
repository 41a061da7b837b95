"""Ask for the ground of consent in an interactive terminal."""

from __future__ import annotations

import sys

import typer

from animato.settings.consent import MINOR, STATEMENTS, Consent, ConsentSettings

QUESTION = "On which ground may this face be animated? You affirm one of these statements:"


def consent_of(settings: ConsentSettings) -> Consent | None:
    """Return the consent given by options or, in an interactive terminal, by answering; else None.

    The question is asked only if standard input and standard output are terminals, so a script never waits for it.

    Raises:
        UsageError: an option or an answer cannot be used.
    """
    given = settings.given()
    if given is not None or not _interactive():
        return given
    typer.echo(QUESTION)
    choices = ("self", "other", MINOR, "deceased", "not-a-person")
    for number, name in enumerate(choices, 1):
        typer.echo(f"  {number}  {name:<13} {STATEMENTS[name]}")
    answer = typer.prompt("number or word; empty to stop", default="", show_default=False).strip()
    ground = choices[int(answer) - 1] if answer.isdecimal() and 1 <= int(answer) <= len(choices) else answer
    if not ground:
        return None
    guardian = typer.prompt("name of the parent or guardian").strip() if ground == MINOR else None
    reason = typer.prompt("on whose behalf, or in which public interest").strip() if ground == "deceased" else None
    named = "other" if ground == MINOR else ground
    return Consent(named, reason=reason, guardian=guardian)  # type: ignore[arg-type]  # checked there


def _interactive() -> bool:
    streams = (sys.stdin, sys.stdout)
    return all(stream is not None and stream.isatty() for stream in streams)
