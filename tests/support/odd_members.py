"""Makes bodies odd, as services and their successors do, in JSON or values that are like JSON."""

from __future__ import annotations

import random
from typing import Any


def odd_members(value: Any, chance: random.Random) -> Any:
    """Returns a value with nulls, members without a model, and members of tagged unions that no client knows."""
    if isinstance(value, list):
        return [odd_members(item, chance) for item in value] + chance.choice([[], [], [None]])
    if not isinstance(value, dict):
        return value
    members = {name: odd_members(item, chance) for name, item in value.items()}
    match chance.randrange(8):
        case 0:
            return {"__type": "a.b#Type", **members}
        case 1:
            return {**members, "zNew": chance.choice([None, {}, {"a": 1}, [1], "x", 7, True])}
        case 2:
            return {name: None if i == 0 else item for i, (name, item) in enumerate(members.items())}
        case 3:
            return {"zNew": {}, **dict(list(members.items())[1:])}
    return members
