"""Renders cassettes as one HTML file, which a browser shows from the disk without loading anything.

1. No text of a cassette becomes markup or script: it is embedded as JSON without any `<`, and the script inserts it as
   text.
2. The page's Content-Security-Policy is a second barrier: nothing is loaded, no style or script runs except the two
   that are named by their hash, and scripts can't turn text into markup (Trusted Types).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import groupby
from string import Template
from typing import Any

from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Cassette
from awstape.core.check.findings import Review
from awstape.core.text.printable import printable
from awstape.core.view.html_page_data import html_page_data
from awstape.workbench.check_formats import full_message
from awstape.workbench.review import ListedText, list_kept_values, list_texts

_SCRIPTS = ("rows.js", "tracks.js", "search.js", "aliases.js", "timeline.js", "start.js")


@dataclass(frozen=True)
class PageSource:
    """A cassette, or some of its tracks, the name of its file, and what a review of the whole file found."""

    name: str
    cassette: Cassette
    review: Review = field(default_factory=Review)


def render_page(sources: Sequence[PageSource], title: str) -> str:
    """The HTML page of some cassettes, with style, script and data embedded. title: for example the file's name."""
    title = printable(title)  # a file name may hold lone surrogates
    reviews = [(source.name, source.review) for source in sources]
    kept = [
        (f"{kept}: {kind}", [*map(_row, found)]) for (kept, kind), found in groupby(list_kept_values(reviews), _heading)
    ]
    texts = map(_row, list_texts(reviews))
    data = html_page_data([(source.name, source.cassette) for source in sources], load_models(), texts, kept)
    data["findings"] = [
        [f"{printable(source.name)}:{f.line}", f.level, printable(full_message(f))]
        for source in sources
        for f in source.review.findings
    ]
    style, script = _text("page.css"), "\n".join(map(_text, _SCRIPTS))
    return Template(_text("page.html")).substitute(
        title=html.escape(title),
        policy=_policy(style, script),
        style=style,
        script=script,
        data=_script_safe_json(data),
    )


def _row(listed: ListedText) -> tuple[str, int, str]:
    return listed.text, len(listed.places), listed.where


def _heading(listed: ListedText) -> tuple[str, str]:
    return listed.kept, listed.kind


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


def _script_safe_json(data: dict[str, Any]) -> str:
    """ASCII JSON without `<`, `>` and `&`, so that HTML parsers find no tag in it, not even the end of the script."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
