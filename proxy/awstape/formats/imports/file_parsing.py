"""Files of foreign formats: found, and parsed by what they look like. They may be hostile.

1. Nothing is constructed but texts, numbers, lists and mappings; a pickle is refused unread.
2. No file but mitmproxy's is read beyond `store.MAX_BYTES`; those are streamed.
3. YAML is read as cassettes are, without anchors and aliases; of tags, those that VCR.py put on texts are options.
4. An error tells the line, never what stands there.
"""

from __future__ import annotations

import json
import re
import tomllib
from io import BytesIO
from pathlib import Path
from typing import Any

from awstape.core.cassette.yaml.document import DocumentError, documents
from awstape.errors import UserError
from awstape.files.limited_reading import MAX_BYTES, open_file_or_pipe

#: What Python 2 put on texts.
_TEXT_TAGS = ("tag:yaml.org,2002:python/str", "tag:yaml.org,2002:python/unicode")
#: mitmproxy/io/tnetstring.py: a mapping, of which the first key is a short text.
_FLOW = re.compile(rb"\d{1,12}:\d{1,2}[:;]")
_PICKLE = b"\x80"


class NotReadableError(Exception):
    """A file that can't be parsed. `problem` says why, `tip` what to do."""

    def __init__(self, problem: str, tip: str = "is it a recording?") -> None:
        super().__init__(problem)
        self.problem, self.tip = problem, tip


def find_files(path: Path) -> list[Path]:
    """The files at a path: itself, or those in the folder and below that are not hidden. Raises UserError."""
    if not path.is_dir():
        return [path]
    below = (file for file in path.rglob("*") if not any(p.startswith(".") for p in file.relative_to(path).parts))
    if files := sorted(file for file in below if file.is_file()):
        return files
    raise UserError(f"{path}: no files in this folder", "name recordings of other tools")


def load_file(path: Path) -> Any:
    """What a file says; of mitmproxy's flows only the head, as bytes. Raises NotReadableError."""
    try:
        with open_file_or_pipe(path, MAX_BYTES) as file:
            head = file.read(32)
            if _FLOW.match(head):
                if isinstance(file, BytesIO):
                    raise NotReadableError("flows of mitmproxy that come through a pipe", "save them to a file")
                return head
            data = head + file.read(MAX_BYTES + 1 - len(head))
    except OSError as error:
        raise NotReadableError(f"can't be read: {error.strerror}", "is it the right path?") from None
    if data.startswith(_PICKLE):
        raise NotReadableError("a pickle, which is never read: it may run code", "record JSON: record_format='json'")
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
        value = next((document.value for document in documents(text, _TEXT_TAGS)), None)
    except DocumentError as error:
        problem = "a tag is not allowed" if error.problem.startswith("the tag ") else error.problem
        raise NotReadableError(f"line {error.line}: {problem}") from None
    if isinstance(value, dict) and value.keys() <= {"version", "key"}:
        raise NotReadableError("a cassette of awstape already", "awstape merge puts cassettes together")
    return value
