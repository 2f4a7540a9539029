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

from awstape import merging, opening, recovery
from awstape.core.recording import set_aside
from awstape.core.recording.set_aside import write_set_aside
from awstape.files import keys
from support import exchanges
from support.exchanges import fail, request, respond

ENVIRON = {"AWSTAPE_KEY": "5a" * 32}
PASSWORD = "zreal-horse-battery"
#: Three of the takes are set aside: the password is in them.
PAIRS = [
    (request("CreateLoginProfile", {"UserName": "a", "Password": PASSWORD}), respond("CreateLoginProfile")),
    *exchanges.listing("ListGroups", {}, [{"Groups": []}, {"Groups": []}]),
    *(
        (request("GetRole", {"RoleName": f"role-{i}"}), respond("GetRole", {"Role": {"Description": f"{PASSWORD}{i}"}}))
        for i in range(3)
    ),
    *((request("GetRole", {"RoleName": f"role-{i}"}), fail("GetRole", 404, "NoSuchEntity")) for i in range(2, 4)),
]
State = tuple[str | None, tuple[str, ...]]
"""The text of a cassette, None if there is none, and what is set aside."""


def record(path: Path, pairs: list[exchanges.Exchange], pipe: int | None = None) -> None:
    """Records exchanges; writes a byte into the pipe whenever a client would have received a response."""
    opened = opening.open_for_recording(path, "all", ENVIRON, opening.RecordOptions(include_writes=True))
    for asked, response in pairs:
        opened.record(asked, response)
        opened.sync()
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


def state(path: Path) -> State:
    key = keys.find_key(ENVIRON)
    assert key
    aside = merging.load_set_aside(path, key)
    return path.read_text() if path.exists() else None, tuple(map(write_set_aside, aside))


def main(times: int, folder: Path) -> None:
    set_aside.replace_real_values = lambda models, takes, redactor, search: iter(takes)  # type: ignore[attr-defined]
    states: list[State] = []
    for i in range(len(PAIRS) + 1):
        path = folder / f"whole-{i}.yaml"
        record(path, PAIRS[:i])
        states.append(state(path))
    assert len(states[-1][1]) == 3
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
        counts["damaged"] += state(path)[0] not in [text for text, _ in states]
        recovery.recover(path, ENVIRON)
        found = states.index(state(path))
        counts["lost"] += max(answered - found, 0)
        files = {path.name, f"{path.name}.quarantine"} if states[found][1] else {path.name}
        counts["left behind"] += place.exists() and not {file.name for file in place.iterdir()} <= files
    print(json.dumps(counts))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
