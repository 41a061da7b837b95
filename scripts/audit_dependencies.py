"""Look up the pinned packages in a database of known vulnerabilities, with pip-audit.

python scripts/audit_dependencies.py PIP_AUDIT

PIP_AUDIT is the program. It sends the names and versions in constraints.txt to pypi.org, so it needs the network.
Exit code: 0 no known vulnerability, 1 some, 3 the packages could not be looked up, all or some.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"
NETWORK_HINT = "make audit needs the network: it asks pypi.org about the versions in constraints.txt"
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 3


def report(output: str, errors: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines to print for what pip-audit wrote.

    A package that was not looked up counts as unknown, not as safe: pip-audit itself ends with 0 then.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = errors.strip().splitlines()[-1] if errors.strip() else "it printed nothing"
        return UNKNOWN, [f"the packages could not be looked up. {NETWORK_HINT}", f"  pip-audit: {last[:200]}"]
    skipped = sorted(item["name"] for item in packages if "skip_reason" in item)
    found = [(item, issue) for item in packages for issue in item.get("vulns", ())]
    rows = [
        f"{item['name']} {item['version']}: {issue['id']}, fixed in {', '.join(issue['fix_versions']) or 'no version'}"
        for item, issue in found
    ]
    if skipped:
        shown = ", ".join(skipped[:5]) + (", ..." if len(skipped) > 5 else "")
        rows.append(f"{len(skipped)} of {len(packages)} packages could not be looked up: {shown}. {NETWORK_HINT}")
    if not rows:
        rows = [f"no known vulnerability in {len(packages)} packages"]
    return VULNERABLE if found else UNKNOWN if skipped else CLEAN, rows


def main(arguments: Sequence[str]) -> int:
    """Run pip-audit and return the exit code."""
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    options = ["-r", str(CONSTRAINTS), "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run([arguments[0], *options], capture_output=True, text=True, check=False)
    except OSError as problem:
        print(f"pip-audit cannot be started ({problem.strerror}). {NETWORK_HINT}", file=sys.stderr)
        return UNKNOWN
    code, rows = report(done.stdout, done.stderr)
    print("\n".join(rows), file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
