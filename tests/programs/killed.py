"""Records in child processes, kills each at a random moment, and prints how much of their recordings was recovered.

    python killed.py TIMES FOLDER

It is a separate program because it forks, and a process that forks should have no threads.
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
    """Records exchanges; writes a byte into the pipe whenever a client would have received a response."""
    opened = tape.open_for_recording(path, "all", ENVIRON)
    for asked, response in pairs:
        opened.feed(asked, response)
        if pipe is not None:
            os.write(pipe, b".")
    opened.close()


def killed(path: Path, answers: int, after: float) -> tuple[bool, int]:
    """Records in a child process, and kills it `after` seconds after its first `answers` responses.

    Returns whether it was killed before it ended, and the number of responses that it gave.
    """
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
        answered = sum(len(pipe.read(1)) for _ in range(answers))
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), "the child failed by itself"
        return status != 0, answered + len(pipe.readall())


def main(times: int, folder: Path) -> None:
    texts: list[str | None] = []
    for i in range(len(PAIRS) + 1):
        path = folder / f"whole-{i}.yaml"
        record(path, PAIRS[:i])
        texts.append(path.read_text() if path.exists() else None)
    begin = time.monotonic()
    record(folder / "unharmed.yaml", PAIRS)
    each = (time.monotonic() - begin) / len(PAIRS)
    counts = {
        "killed": 0,
        "killed with something captured": 0,
        "answered": 0,
        "lost": 0,
        "damaged": 0,
        "left behind": 0,
    }
    rng = random.Random(times)
    for i in range(times):
        place = folder / f"{i}"
        path = place / "team.yaml"
        # Half of the children are killed immediately, so that some die early on slow and on fast machines.
        was_killed, answered = killed(path, rng.randint(0, len(PAIRS)), rng.choice([0, rng.uniform(0, each)]))
        counts["killed"] += was_killed
        counts["killed with something captured"] += was_killed and answered > 0
        counts["answered"] += answered
        counts["damaged"] += (path.read_text() if path.exists() else None) not in texts
        recovery.recover(path, ENVIRON)
        found = texts.index(path.read_text() if path.exists() else None)
        counts["lost"] += max(answered - found, 0)
        counts["left behind"] += place.exists() and [file.name for file in place.iterdir()] not in ([], [path.name])
    print(json.dumps(counts))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
