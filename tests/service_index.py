"""Generates from botocore's data what awstape knows of all services: `make index` writes the index and the words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from awstape.catalog.botocore_data import available_services
from awstape.catalog.service_index import FILE, IndexRow, make_row
from support import api_words


def write_index(rows: Iterable[IndexRow]) -> str:
    """The index as text: JSON, a line for each service."""
    lines = (f"{json.dumps(row.entry.name)}: {json.dumps(_write_row(row))}" for row in rows)
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _write_row(row: IndexRow) -> list[Any]:
    entry = row.entry
    about = [entry.signing_name, entry.api_version, entry.target_prefix, entry.regional]
    return [entry.id, list(entry.protocols), *about, list(row.hosts)]


if __name__ == "__main__":
    FILE.write_text(write_index(map(make_row, available_services())))
    api_words.FILE.write_text(api_words.write_module())
