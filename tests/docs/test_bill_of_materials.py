"""The bill of materials is complete and reproducible; the audit never calls safe what was not looked up."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
THIRD_PARTY = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    return script("make_sbom")


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    return script("audit_dependencies")


def test_the_bill_lists_every_dependency_and_every_shipped_file(sbom: ModuleType) -> None:
    bill = sbom.bill([])
    names = {item["name"] for item in bill["components"]}
    assert {sbom.canonicalize_name(item.name) for item in sbom.declared([])} <= names
    listed = set(re.findall(r"^\| `(animato/assets/[^`]+)` \|", THIRD_PARTY, re.MULTILINE))
    files = {item["name"]: item["hashes"][0]["content"] for item in bill["components"] if item["type"] == "file"}
    assert set(files) == listed
    for name, digest in files.items():
        assert digest == hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def test_every_reference_of_the_bill_leads_to_a_component(sbom: ModuleType) -> None:
    bill = sbom.bill([])
    refs = {item["bom-ref"] for item in (*bill["components"], bill["metadata"]["component"])}
    assert len(refs) == len(bill["components"]) + 1
    assert {ref for item in bill["dependencies"] for ref in (item["ref"], *item["dependsOn"])} <= refs


def test_the_bill_is_the_same_every_time_and_names_no_path(sbom: ModuleType) -> None:
    first = json.dumps(sbom.bill([]))
    assert first == json.dumps(sbom.bill([])) and str(ROOT) not in first


def test_every_package_of_the_bill_has_a_licence_and_a_place_on_the_page_of_third_parties(sbom: ModuleType) -> None:
    words = {sbom.canonicalize_name(word) for word in re.findall(r"[A-Za-z][\w.-]*\w", THIRD_PARTY)}
    for row in sbom.table([]).splitlines()[2:]:
        name, _, licence = (cell.strip() for cell in row.strip("|").split("|"))
        assert name in words and licence != "not stated", row


def test_an_incomplete_installation_gives_no_bill(sbom: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbom, "declared", lambda _: [sbom.Requirement("a-package-that-is-absent")])
    with pytest.raises(SystemExit, match="not installed"):
        sbom.bill([])


def test_the_audit_reports_vulnerabilities_and_counts_the_unknown_as_unknown(audit: ModuleType) -> None:
    safe = {"name": "a", "version": "1", "vulns": []}
    skipped = {"name": "b", "skip_reason": "not found"}
    issue = {"id": "PYSEC-1", "fix_versions": ["2"]}
    weak = {"name": "c", "version": "1", "vulns": [issue]}

    def of(*packages: object) -> tuple[int, list[str]]:
        result: tuple[int, list[str]] = audit.report(json.dumps({"dependencies": packages}), "")
        return result

    assert of(safe) == (0, ["no known vulnerability in 1 packages"])
    assert of(safe, skipped)[0] == 3 and "1 of 2 packages could not be looked up: b" in of(safe, skipped)[1][0]
    assert of(weak, skipped)[0] == 1 and of(weak, skipped)[1][0] == "c 1: PYSEC-1, fixed in 2"


@pytest.mark.parametrize("output", ["", "[]", "not JSON", "{}"])
def test_an_audit_without_a_network_says_so_in_a_sentence(audit: ModuleType, output: str) -> None:
    code, rows = audit.report(output, "Traceback\nrequests.exceptions.ProxyError: no way out\n")
    assert code == 3 and "needs the network" in rows[0] and "no way out" in rows[1]


def test_an_audit_without_its_program_says_so_in_a_sentence(
    audit: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main([str(tmp_path / "absent")]) == 3
    assert "needs the network" in capsys.readouterr().err


def test_the_program_is_called_with_the_pinned_versions_only(
    audit: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "pip-audit"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\nassert '--no-deps' in sys.argv and '--disable-pip' in sys.argv\n"
        "print(json.dumps({'dependencies': [{'name': 'a', 'version': '1', 'vulns': []}]}))\n"
    )
    program.chmod(0o755)
    assert audit.main([str(program)]) == 0
    assert "no known vulnerability" in capsys.readouterr().out


def test_the_developer_page_lists_the_targets() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert all(f"make {target} " in page for target in ("sbom", "licences", "audit"))
