"""What work reports of itself, for tests of progress."""

from __future__ import annotations

from awstape.progress import Work


class WorkNotes:
    """Notes which work began: a watcher for `progress.watched_by`."""

    def __init__(self) -> None:
        self.works: list[Work] = []

    def begin(self, work: Work) -> None:
        self.works.append(work)

    def end(self, work: Work) -> None:
        pass
