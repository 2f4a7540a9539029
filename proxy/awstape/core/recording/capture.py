"""`Capture`: an exchange as the recorder keeps it. What becomes of it in a cassette depends on nothing else.

1. It is redacted, but for names in its free text that later traffic tells to be names.
2. Page tokens and the id of the invocation are digests under the key: enough to chain pages and to tell a retry.
3. As text it is a YAML stream of two documents: the digests, and a take of one page.
"""

from __future__ import annotations

from dataclasses import dataclass

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Page, Take, Track
from awstape.core.cassette.yaml.document import SEPARATOR, documents, dump, take_text
from awstape.core.cassette.yaml.validation import take_of, take_problems

_DIGESTS = ("token", "next", "invocation")


@dataclass(frozen=True)
class Capture:
    """An exchange, redacted.

    page: its token, and the one in its answer, are hidden. token: the digest of the page token that was asked with,
    None for a first page. next: that of the token of the page after it, None on the last page. invocation: that of
    what the SDK calls this call and its retries, None if it says nothing.
    """

    track: Track
    page: Page
    token: str | None = None
    next: str | None = None
    invocation: str | None = None


def write(capture: Capture) -> str:
    """The capture as text."""
    digests = {name: digest for name in _DIGESTS if (digest := getattr(capture, name)) is not None}
    return dump(digests) + SEPARATOR + take_text(Take(capture.track, (capture.page,)))


def read(text: str, models: Models) -> Capture:
    """The capture that a text describes. Raises ValueError for one that this version didn't write."""
    try:
        digests, take = (document.value for document in documents(text))
        problems = list(take_problems(take, models))
    except ValueError:
        raise ValueError("not a capture") from None
    if problems or not isinstance(digests, dict) or not digests.keys() <= set(_DIGESTS):
        raise ValueError("not a capture of this version")
    read = take_of(take, models)
    return Capture(read.track, read.pages[0], **{name: str(digest) for name, digest in digests.items()})
