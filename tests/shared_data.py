"""Real data that is too large or not ours to commit; tests that use it are skipped if it is absent."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "shared" / "data"


def shared_data(name: str) -> Path:
    """The path of ``name`` under ``../shared/data``; skips the test if it is absent."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"../shared/data/{name} is absent")
    return path
