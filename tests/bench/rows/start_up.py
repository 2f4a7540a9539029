"""What a program waits for before awstape does its first work."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench.frame import Contender, Goal, Row, Setting, Started, row
from bench.references import clients, servers
from bench.references.in_process import listing_forms
from bench.traffic import cassette_text

CLICK = "import click"


@contextmanager
def rows(setting: Setting) -> Iterator[Iterator[Row]]:
    yield _rows(setting)


def _rows(setting: Setting) -> Iterator[Row]:
    file = setting.folder / "roles.yaml"
    file.write_text(cassette_text(3, 3), "utf-8")
    suite = setting.folder / "test_it.py"
    suite.write_text("def test_it():\n    pass\n", "utf-8")
    run = partial(_run, setting.folder)
    click = partial(run, "-c", CLICK)
    pytest = ("-m", "pytest", "-q", "-p", "no:cacheprovider", str(suite))
    yield row("import awstape", partial(run, "-c", "import awstape"), partial(run, "-c", ""), "bare Python",
              Goal(1, 0.01))  # fmt: skip
    yield row("awstape --help", partial(run, "-m", "awstape", "--help"), click, CLICK, Goal(1, 0.05))
    yield row("awstape ls of a small file", partial(run, "-m", "awstape", "ls", str(file)), click, CLICK, Goal(2))
    yield row("pytest with the plugin, unused", partial(run, *pytest), partial(run, *pytest, "-p", "no:awstape"),
              "pytest", Goal(1, 0.01))  # fmt: skip
    yield _first_answer(setting, file)


def _run(folder: Path, *arguments: str) -> None:
    """Runs Python to its end."""
    environ = servers.environment(folder)
    subprocess.run([sys.executable, *arguments], env=environ, cwd=folder, stdout=subprocess.DEVNULL, check=True)


def _first_answer(setting: Setting, file: Path) -> Row:
    forms = listing_forms(3, 3)
    message = clients.message(next(iter(forms)))

    def awstape(stack: ExitStack) -> Started:
        return ask(stack.enter_context(servers.endpoint(file)))

    def bare(stack: ExitStack) -> Started:
        return ask(stack.enter_context(servers.responder(forms, setting.folder)))

    def ask(server: servers.Server) -> Started:
        with clients.connected(server.address) as connections:
            clients.send(connections, [message], 1)
        return Started([server.process])

    return Row(
        "start to first answer, endpoint",
        Contender("awstape", awstape, within=ExitStack),
        [Contender("a bare asyncio server", bare, Goal(3), within=ExitStack)],
    )
