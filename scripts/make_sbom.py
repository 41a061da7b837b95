"""Write the software bill of materials (CycloneDX 1.6) or the licence list of animato and what is installed with it.

python scripts/make_sbom.py -o sbom.json                 what `pip install animato` brings
python scripts/make_sbom.py --extra training -o sbom.json    with an extra; repeat for several
python scripts/make_sbom.py --licences                   print a table: package, version, licence

Read from the metadata of the installed packages, without network access. The same installation gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata as metadata
import json
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from animato.version import __version__

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "animato" / "assets"
CLASSIFIER = "License :: OSI Approved :: "


def declared(extras: list[str]) -> list[Requirement]:
    """Return the direct requirements of pyproject.toml, with those of some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project.get("optional-dependencies", {})
    unknown = set(extras) - set(optional)
    if unknown:
        raise SystemExit(f"no such extra: {', '.join(sorted(unknown))}; there are {', '.join(optional)}")
    return [Requirement(text) for text in (*project["dependencies"], *(t for e in extras for t in optional[e]))]


def installed(direct: list[Requirement]) -> tuple[dict[str, metadata.Distribution], dict[str, list[str]]]:
    """Return the distributions that requirements bring, by name, and the names each of them requires.

    Raises:
        SystemExit: a required package is not installed.
    """
    found: dict[str, metadata.Distribution] = {}
    needs: dict[str, list[str]] = {}
    waiting = [(canonicalize_name(item.name), frozenset(item.extras)) for item in direct if applies(item, set())]
    seen = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise SystemExit(f"{name} is not installed; the list would be incomplete: make install-dev") from None
        required = [Requirement(text) for text in found[name].requires or ()]
        below = [item for item in required if applies(item, set(extras))]
        needs[name] = sorted({*needs.get(name, []), *(canonicalize_name(item.name) for item in below)})
        waiting += [(canonicalize_name(item.name), frozenset(item.extras)) for item in below]
    return dict(sorted(found.items())), needs


def applies(requirement: Requirement, extras: set[str]) -> bool:
    """Return whether a requirement applies to this platform with some extras of the package that states it."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""})


def licence(distribution: metadata.Distribution) -> str:
    """Return the licence a package states: its SPDX expression, its classifiers, or the first line of its text."""
    fields = distribution.metadata.json
    expression = str(fields.get("license_expression") or "")
    classifiers = [text.removeprefix(CLASSIFIER) for text in fields.get("classifier", []) if CLASSIFIER in text]
    text = str(fields.get("license") or "").strip().splitlines()
    return expression or " AND ".join(classifiers) or (text[0][:80] if text else "not stated")


def licence_entry(text: str) -> dict[str, Any]:
    """Return a licence in CycloneDX form: an SPDX expression where it is one, else a name."""
    try:
        return {"expression": str(canonicalize_license_expression(text))}
    except (InvalidLicenseExpression, ValueError):
        return {"license": {"name": text}}


def bill(extras: list[str]) -> dict[str, Any]:
    """Return the CycloneDX document: animato, its shipped files with their hashes, and all packages."""
    direct = declared(extras)
    packages, needs = installed(direct)
    own = f"pkg:pypi/animato@{__version__}"
    purls = {name: f"pkg:pypi/{name}@{item.version}" for name, item in packages.items()}
    components = [
        {
            "type": "library",
            "bom-ref": purls[name],
            "name": name,
            "version": item.version,
            "purl": purls[name],
            "licenses": [licence_entry(licence(item))],
        }
        for name, item in packages.items()
    ]
    top = sorted({purls[canonicalize_name(item.name)] for item in direct if applies(item, set())})
    body: dict[str, Any] = {
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "animato",
                "version": __version__,
                "purl": own,
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [*shipped_files(), *components],
        "dependencies": [
            {"ref": own, "dependsOn": top},
            *({"ref": purls[name], "dependsOn": [purls[need] for need in needs[name]]} for name in packages),
        ],
    }
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{number}", "version": 1, **body}


def shipped_files() -> Iterator[dict[str, Any]]:
    """Yield a component for each model and motion in the package; THIRD_PARTY.md states their licences."""
    for path in sorted(item for item in ASSETS.rglob("*") if item.is_file() and item.name != "NOTICE"):
        name = path.relative_to(ROOT).as_posix()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        yield {"type": "file", "bom-ref": name, "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}


def table(extras: list[str]) -> str:
    """Return a Markdown table of all packages with version and licence."""
    packages, _ = installed(declared(extras))
    rows = [f"| {name} | {item.version} | {licence(item)} |" for name, item in packages.items()]
    return "\n".join(["| package | version | licence |", "|---|---|---|", *rows, ""])


def main() -> None:
    """Write the document that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", action="append", default=[], help="also list what an extra brings")
    parser.add_argument("--licences", action="store_true", help="the table of licences instead")
    parser.add_argument("-o", "--output", type=Path, help="file to write; default: standard output")
    chosen = parser.parse_args()
    text = table(chosen.extra) if chosen.licences else json.dumps(bill(chosen.extra), indent=1) + "\n"
    if chosen.output is None:
        sys.stdout.write(text)
        return
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(text, encoding="utf-8")
    print(chosen.output)


if __name__ == "__main__":
    main()
