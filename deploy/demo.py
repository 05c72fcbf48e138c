"""`yui demo`: plays the first home's story and shows what became of it."""

import json
from collections.abc import Mapping
from pathlib import Path

from deploy.progress import Progress
from deploy.story.playing import Keys, Played, Player
from deploy.story.script import FIRST_HOME, read_script
from deploy.story.telling import Teller


async def run(
    addresses: Mapping[str, str],
    operator_key: str,
    keys_file: Path,
    progress: Progress,
    script_file: Path = FIRST_HOME,
) -> Played:
    """Play a story; the partners' keys are kept in `keys_file`, for they are shown once."""
    script = read_script(script_file)
    kept = _kept(keys_file)
    player = Player(addresses, operator_key, script, kept, progress.say)
    try:
        with progress.step(script.title) as advance:
            played = await player.play(advance)
    finally:
        _keep(keys_file, kept)
    await Teller(addresses, operator_key, played, progress.console).tell()
    progress.say(f"{played.accepted} requests were accepted. The partners' keys: {keys_file}")
    return played


def _kept(keys_file: Path) -> Keys:
    keys: Keys = json.loads(keys_file.read_text()) if keys_file.exists() else {}
    return keys


def _keep(keys_file: Path, keys: Keys) -> None:
    keys_file.touch(mode=0o600)
    keys_file.write_text(json.dumps(keys, indent=2))
