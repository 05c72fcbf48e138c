"""What of others' work lies in the repository is what its authors published."""

import hashlib
import tomllib
from pathlib import Path

from shared.http.reference import ASSETS, SCRIPT

MEGABYTE = 1024 * 1024


def vendored() -> dict[str, dict[str, str]]:
    return tomllib.loads((ASSETS / "vendored.toml").read_text())


def test_every_vendored_file_is_told_with_version_source_hash_and_licence() -> None:
    told = vendored()
    assert SCRIPT in told
    around = {"vendored.toml", *(one["licence_text"] for one in told.values())}
    assert {path.name for path in ASSETS.iterdir()} == {*told, *around}
    for name, one in told.items():
        path: Path = ASSETS / name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == one["sha256"], name
        assert one["version"] in name
        assert one["package"]
        assert one["licence"]
        assert path.stat().st_size < MEGABYTE
