"""Runs every bench and prints its figures: `python -m bench`."""

import asyncio

from bench.latency import measure

if __name__ == "__main__":
    asyncio.run(measure())
