"""What is known of the packages that are locked, a bill of them, and secrets that are kept here.

A registry that cannot be reached, or that knows of no vulnerabilities, is said and not failed.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
LOCK = "requirements/local.lock"
BILL = "dist/sbom.cdx.json"
PATIENCE_S = 120
NO_SECRETS = ("HexHighEntropyString", "Base64HighEntropyString", "KeywordDetector")
"""These take hashes, which the locks are full of, and words about secrets for secrets."""
OUR_KEY = re.compile(rb"yui_[0-9a-f]{16}_[A-Za-z0-9_-]{43}")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own commands, no shell
        (str(BIN / command[0]), *command[1:]),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def audited() -> subprocess.CompletedProcess[str]:
    return run(
        *("pip-audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off"),
        *("--format", "json", "--requirement", LOCK),
    )


def vulnerable() -> list[str]:
    try:
        asked = audited()
    except subprocess.TimeoutExpired:
        say("not audited, for the registry does not answer")
        return []
    try:
        told = json.loads(asked.stdout)["dependencies"]
    except ValueError:
        say(f"not audited, for the registry cannot be reached: {asked.stderr.strip()[-200:]}")
        return []
    skipped = [one["name"] for one in told if "skip_reason" in one]
    say(f"{len(told) - len(skipped)} packages audited; {len(skipped)} the registry cannot tell of")
    return [
        f"{one['name']} {one['version']}: {', '.join(known['id'] for known in one['vulns'])}"
        for one in told
        if one.get("vulns")
    ]


def billed() -> list[str]:
    (ROOT / BILL).parent.mkdir(exist_ok=True)
    made = run("cyclonedx-py", "requirements", LOCK, "--output-file", BILL)
    say(f"bill of materials: {BILL}")
    return [] if made.returncode == 0 else [f"no bill of materials: {made.stderr.strip()[-200:]}"]


def secrets() -> list[str]:
    disabled = [word for name in NO_SECRETS for word in ("--disable-plugin", name)]
    told = json.loads(run("detect-secrets", "scan", *disabled).stdout)["results"]
    found = [f"{path}:{one['line_number']}: {one['type']}" for path in told for one in told[path]]
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607  whatever git is there
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        say("no repository here, so no key of Yui was looked for")
    names = listed.stdout.split("\n")
    kept = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    ours = [path for path in kept if OUR_KEY.search(path.read_bytes())]
    return [*found, *(f"{path}: a key of Yui" for path in ours)]


def say(text: str) -> None:
    print(f"audit: {text}")  # noqa: T201  a command's own output


if __name__ == "__main__":
    wrong = [*vulnerable(), *billed(), *secrets()]
    for one in wrong:
        say(one)
    sys.exit(bool(wrong))
