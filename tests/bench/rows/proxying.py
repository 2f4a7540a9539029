"""Recording through `awstape record`, beside plain mitmdump with the same client and upstream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.frame import Amount, Contender, Goal, Row, Setting
from bench.references import proxies
from bench.traffic import form, page

#: Roles of a page, requests in a round, goal.
PAGES = {"1 KB": (1, 40, Goal(1.1)), "100 roles": (100, 6, Goal(1.5))}


@contextmanager
def rows(setting: Setting) -> Iterator[Iterator[Row]]:
    """A page is never sent twice through `awstape record`, which would compare it with what it has."""
    with ExitStack() as stack:
        yield _rows(setting, stack)


def _rows(setting: Setting, stack: ExitStack) -> Iterator[Row]:
    pages: dict[bytes, bytes] = {}
    recording, relayed = stack.enter_context(proxies.both(pages, setting.folder))
    for name, (roles, requests, goal) in PAGES.items():
        count = setting.size(requests, quick=max(2, requests // 4))
        contenders = [
            Contender(tool, sender.run, limit, count, [sender.client.process], sender.forms)
            for tool, sender, limit in (
                ("awstape", Sender(recording, pages, roles, count), None),
                ("mitmdump", Sender(relayed, pages, roles, count), goal),
            )
        ]
        yield Row(f"record a page of {name} by proxy", contenders[0], contenders[1:])
    yield from _memory(setting, stack)


def _memory(setting: Setting, stack: ExitStack) -> Iterator[Row]:
    """The memory of `awstape record` after many exchanges of different identities, against that after few."""
    few, many = setting.size(500), setting.size(5000)
    pages: dict[bytes, bytes] = {}
    folder = setting.folder / "memory"
    folder.mkdir()
    client = stack.enter_context(proxies.recorded(pages, folder))
    sender = Sender(client, pages, 1, few)
    memory = []
    for sender.count in (few, many - few):
        with sender.forms() as forms:
            sender.run(forms)
        memory.append(client.memory)
    yield Row(
        f"memory after {many} recorded exchanges",
        Contender("awstape", lambda: Amount(memory[1])),
        [Contender(f"that after {few}", lambda: Amount(memory[0]), Goal(1.1))],
        unit="B",
    )


class Sender:
    """Sends forms that it did not send before, for pages of so many roles. pages: of the upstream, form → page."""

    def __init__(self, client: proxies.Client, pages: dict[bytes, bytes], roles: int, count: int) -> None:
        self.client, self.count = client, count
        self._pages, self._roles, self._sent = pages, roles, 0

    @contextmanager
    def forms(self) -> Iterator[list[bytes]]:
        """The next forms, whose pages the upstream has from now on."""
        numbers = range(self._sent, self._sent + self.count)
        asked = {form(f"/{self._roles}x{number}/").encode(): number for number in numbers}
        self._pages.update({form: page(number, self._roles).body for form, number in asked.items()})
        yield list(asked)
        self._sent += self.count

    def run(self, forms: list[bytes]) -> None:
        for asked in forms:
            assert self.client.ask(asked) == self._pages[asked]
