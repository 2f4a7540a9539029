"""The page of a cassette: one HTML file that a browser shows from the disk, with nothing from the network.

1. What a cassette says is never markup and never script. It goes in as JSON that holds no `<`, and the script puts it
   into the page as text.
2. Should that fail, the page's own policy still stands: nothing is loaded from anywhere, no style and no script runs
   but these two, which are named by their hash, and texts can't be made markup at all.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib.resources import files
from string import Template
from typing import Any

from awstape.catalog import catalog
from awstape.core.cassette.cassette import Cassette
from awstape.core.text.printable import printable
from awstape.core.view.annotated_view import outline

_SCRIPTS = ("rows.js", "tracks.js", "search.js", "aliases.js", "start.js")


def page(cassette: Cassette, title: str) -> str:
    """The HTML of a cassette's page, script, style and data in it. title: such as the file's name."""
    title = printable(title)  # the name of a file may hold half characters
    style, script = _text("page.css"), "\n".join(map(_text, _SCRIPTS))
    return Template(_text("page.html")).substitute(
        title=html.escape(title),
        policy=_policy(style, script),
        style=style,
        script=script,
        data=_inert(outline(cassette, catalog.models())),
    )


def _text(name: str) -> str:
    return files("awstape.workbench").joinpath("page", name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """The Content-Security-Policy: https://www.w3.org/TR/CSP3/, https://www.w3.org/TR/trusted-types/."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _inert(data: dict[str, Any]) -> str:
    """JSON in ASCII that no parser of HTML takes for the end of the script element, or the beginning of anything."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
