"""The page for a partner's first write does what it says, block by block, with curl alone."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

from tests.support.stack import Stack

PAGE = Path(__file__).resolve().parents[2] / "docs" / "first-write.md"


async def test_every_block_of_the_page_runs_and_the_payment_is_on_the_books(
    stack: Stack, urls: Mapping[str, str]
) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    told = {
        "ORGANISATIONS": urls["organisations"],
        "HOMES": urls["homes"],
        "RENT": urls["rent_sponsorship"],
        "LEDGER": urls["ledger"],
        "OPERATOR_KEY": stack.operator_key,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", "".join(blocks)),
        env=told,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    answered, complained = await shell.communicate()
    assert shell.returncode == 0, answered.decode() + complained.decode()
    assert '"outcome":"booked"' in answered.decode()
    assert "\ufeffmonth,resource" in answered.decode()
    assert "2026-04,rent,yen,2026,令和8年4月,150000,0,0,150000,0" in answered.decode()
