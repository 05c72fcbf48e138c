"""The checker shares no code with what it checks."""

import subprocess
import sys

from deploy import services
from shared import schema

LOADED = """
import sys
import deploy.verify
print(*(name for name in sys.modules if name.partition(".")[0] in {"shared", "services"}))
"""


def test_the_checker_runs_without_any_code_of_the_product() -> None:
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  ours
    assert done.stdout.split() == []


def test_what_the_checker_has_to_repeat_of_the_product_is_the_same() -> None:
    assert services.KEEP_PEOPLE == schema.KEEP_PEOPLE
