"""Paths of the project's root, its cassettes and the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
ROOT: Final = TESTS.parent
CASSETTES: Final = ROOT / "cassettes"
GUIDE = ROOT / "proxy" / "awstape" / "guide"
