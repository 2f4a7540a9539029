"""Records in children of its own, kills each at a moment of chance, and tells what became of what they recorded.

    python killed.py TIMES FOLDER

A process of its own, for it forks: whoever does that should have no threads.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from awstape import recovery, tape
from support import exchanges
from support.exchanges import fail, request

ENVIRON = {"AWSTAPE_KEY": "5a" * 32}
PAIRS = [
    *exchanges.listing("ListGroups", {}, [{"Groups": []}, {"Groups": []}, {"Groups": []}]),
    *((request("GetRole", {"RoleName": f"role-{i}"}), fail("GetRole", 404, "NoSuchEntity")) for i in range(5)),
]


def record(path: Path, pairs: list[exchanges.Exchange], pipe: int | None = None) -> None:
    """Records exchanges; writes a byte into the pipe where a client would have had its answer."""
    opened = tape.open_for_recording(path, "all", ENVIRON)
    for asked, response in pairs:
        opened.feed(asked, response)
        if pipe is not None:
            os.write(pipe, b".")
    opened.close()


def killed(path: Path, answers: int, after: float) -> tuple[bool, int]:
    """Records in a child that is killed some seconds after it gave so many answers: whether it was, and how many."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        status = 1
        try:
            os.close(read)
            record(path, PAIRS, write)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb", buffering=0) as pipe:
        given = sum(len(pipe.read(1)) for _ in range(answers))
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), "the child failed by itself"
        return status != 0, given + len(pipe.readall())


def main(times: int, folder: Path) -> None:
    texts: list[str | None] = []
    for i in range(len(PAIRS) + 1):
        path = folder / f"whole-{i}.yaml"
        record(path, PAIRS[:i])
        texts.append(path.read_text() if path.exists() else None)
    begin = time.monotonic()
    record(folder / "unharmed.yaml", PAIRS)
    each = (time.monotonic() - begin) / len(PAIRS)
    told = {"killed": 0, "killed with something captured": 0, "answered": 0, "lost": 0, "damaged": 0, "left behind": 0}
    chance = random.Random(times)
    for i in range(times):
        place = folder / f"{i}"
        path = place / "team.yaml"
        # Half of them at once: so there are some, however slow or fast the machine is.
        was_killed, answered = killed(path, chance.randint(0, len(PAIRS)), chance.choice([0, chance.uniform(0, each)]))
        told["killed"] += was_killed
        told["killed with something captured"] += was_killed and answered > 0
        told["answered"] += answered
        told["damaged"] += (path.read_text() if path.exists() else None) not in texts
        recovery.recover(path, ENVIRON)
        found = texts.index(path.read_text() if path.exists() else None)
        told["lost"] += max(answered - found, 0)
        told["left behind"] += place.exists() and [file.name for file in place.iterdir()] not in ([], [path.name])
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
