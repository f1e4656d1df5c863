"""Observations as a source that is not to be relied on sends them: late, doubled, out of order."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

__all__ = ["readings"]

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=10)


def readings(count: int, items: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Key and value of ``count`` messages: every item once in ten minutes, more or less."""
    chance = random.Random(seed)
    names = [f"item-{number:04}" for number in range(items)]
    made, moment = 0, BEGIN
    while made < count:
        for name in names:
            if made == count:
                return
            happened = moment + timedelta(seconds=chance.randrange(600))
            if chance.random() < 0.02:
                happened -= timedelta(minutes=chance.randrange(150))
            value = round(chance.gauss(20, 5), 3)
            content = {"item_id": name, "timestamp": f"{happened:%Y-%m-%d %H:%M:%S}", "target_value": value}
            text = json.dumps(content).encode()
            if chance.random() < 0.01:
                text = b"not JSON"
            yield name, text
            made += 1
            if chance.random() < 0.02 and made < count:
                yield name, text
                made += 1
        moment += STEP
