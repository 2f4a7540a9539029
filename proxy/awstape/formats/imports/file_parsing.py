"""Finds and parses files of import formats, which may be hostile.

1. Parsing makes only strings, numbers, lists and mappings; a pickle is refused unread.
2. A file larger than `files.cassette_files.MAX_BYTES` is refused, except flows of mitmproxy, which are streamed.
3. YAML is read as in cassettes, without anchors and aliases; the only tags allowed are those of VCR.py on strings.
4. An error names the line and never quotes it.
"""

from __future__ import annotations

import json
import re
import tomllib
from io import BytesIO
from pathlib import Path
from typing import Any

from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.errors import UserError
from awstape.files.limited_reading import MAX_BYTES, open_file_or_pipe

#: Tags that VCR.py under Python 2 put on strings.
_TEXT_TAGS = ("tag:yaml.org,2002:python/str", "tag:yaml.org,2002:python/unicode")
#: The start of a flow: a mapping, its first key a short string (mitmproxy/io/tnetstring.py).
_FLOW = re.compile(rb"\d{1,12}:\d{1,2}[:;]")
_PICKLE = b"\x80"


class NotReadableError(Exception):
    """Raised for a file that can't be parsed. problem: the reason. tip: what to do."""

    def __init__(self, problem: str, tip: str = "is it a recording?") -> None:
        super().__init__(problem)
        self.problem, self.tip = problem, tip


def find_files(path: Path) -> list[Path]:
    """The file at a path, or all files in the folder and below it, except hidden ones. Raises UserError for none."""
    if not path.is_dir():
        return [path]
    below = (file for file in path.rglob("*") if not any(p.startswith(".") for p in file.relative_to(path).parts))
    if files := sorted(file for file in below if file.is_file()):
        return files
    raise UserError(f"{path}: no files in this folder", "name recordings of other tools")


def load_file(path: Path) -> Any:
    """The parsed content of a file; for flows of mitmproxy only the head, as bytes. Raises NotReadableError."""
    try:
        with open_file_or_pipe(path, MAX_BYTES) as file:
            head = file.read(32)
            if _FLOW.match(head):
                if isinstance(file, BytesIO):
                    raise NotReadableError("flows of mitmproxy in a pipe", "save them to a file")
                return head
            data = head + file.read(MAX_BYTES + 1 - len(head))
    except OSError as error:
        raise NotReadableError(f"can't be read: {error.strerror}", "is it the right path?") from None
    if data.startswith(_PICKLE):
        raise NotReadableError("a pickle, which is never read: it could run code", "record JSON: record_format='json'")
    if len(data) > MAX_BYTES:
        raise NotReadableError(f"larger than {MAX_BYTES // 2**20} MiB", "export only the requests to AWS")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotReadableError(f"not UTF-8 at byte {error.start}") from None
    parse = _toml if path.suffix == ".toml" else _json if text.lstrip()[:1] in ("{", "[") else _yaml
    try:
        return parse(text)
    except RecursionError:
        raise NotReadableError("nested too deeply") from None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise NotReadableError(f"line {error.lineno}: not JSON") from None
    except ValueError:
        raise NotReadableError("a number has too many digits") from None


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except ValueError:  # its message may quote the file
        raise NotReadableError("not TOML") from None


def _yaml(text: str) -> Any:
    try:
        value = next((document.value for document in parse_documents(text, _TEXT_TAGS)), None)
    except DocumentError as error:
        problem = "a tag is not allowed" if error.problem.startswith("the tag ") else error.problem
        raise NotReadableError(f"line {error.line}: {problem}") from None
    if isinstance(value, dict) and value.keys() <= {"version", "key", "account"}:
        raise NotReadableError("already a cassette of awstape", "awstape merge joins cassettes")
    return value
