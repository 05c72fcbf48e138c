"""The nightly job as a process of its own: `python -m deploy.reconciling`."""

import asyncio
import os
from pathlib import Path

from deploy.reconciling.nightly import run

if __name__ == "__main__":
    url, bootstrap = (
        os.environ[f"YUI_RECONCILE_{n}"] for n in ("DATABASE_URL", "KAFKA_BOOTSTRAP")
    )
    asyncio.run(run(url, bootstrap, Path(os.environ["YUI_RECONCILE_FOLDER"])))
