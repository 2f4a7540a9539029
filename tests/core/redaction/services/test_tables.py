"""Tables and lines of JSON are edited cell by cell, other texts are not."""

from __future__ import annotations

import pytest

from awstape.core.redaction.services.tables import edit_rows


def edit(text: str) -> str | None:
    return edit_rows(text, lambda cell: f"<{cell}>", str.upper, str.isalpha)


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("id;name\n1;x y\n", "ID;NAME\n<1>;<x y>\n"),
        ("id,name,a1\r\n1,,2", "ID,NAME,A1\r\n<1>,<>,<2>"),
        ('"id","name"\n"1","x, ""y"""\n\n', '"ID","NAME"\n"<1>","<x, ""y"">"\n\n'),
        ("id\tname\n1\t2\n3\t4\n", "ID\tNAME\n<1>\t<2>\n<3>\t<4>\n"),
        ('{"a": 1}\n[2]\n', '<{"a": 1}>\n<[2]>\n'),
    ],
)
def test_rows_are_edited(text: str, edited: str) -> None:
    assert edit(text) == edited


@pytest.mark.parametrize(
    "text",
    [
        "id;name",
        "id\nname\n",
        "id;name\n1\n",
        "1;2\n3;4\n",
        "if so, it is\nor not, as ever\n",
        'a;b"c\n1;2\n',
        "\n",
        "{}\nx",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    assert edit(text) is None
