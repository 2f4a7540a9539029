"""Reviews of files: what stays readable, each text once, and what the project keeps, with the settings that say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from awstape.core.check.findings import Review
from awstape.core.check.free_texts import FreeText
from awstape.core.check.value_search import KeptValue
from awstape.workbench.review import kept_lines, list_kept_values, list_texts, review_file

TEXT = """version: 1
---
service: iam
operation: GetRole
identity: {RoleName: vogel-x7}
pages:
- output: {Role: {Arn: "arn:aws:iam::314159265358:role/vogel-x7"}}
"""


def test_kept_values_name_the_settings_that_keep_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / "b" / "pyproject.toml").write_text('[tool.awstape]\nkeep = ["314159265358", "vogel-*"]\n')
    file = tmp_path / "b" / "deep" / "a.yaml"
    file.write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    reviews = [("a.yaml", review_file(file))]
    assert [*kept_lines(reviews)] == ["2 values are kept by b/pyproject.toml (keep): 1 account id, 1 role name"]
    assert [(each.text, len(each.places)) for each in list_kept_values(reviews)] == [
        ("314159265358", 1),
        ("vogel-x7", 2),
    ]
    assert [*kept_lines([("a.yaml", review_file(file, exceptions=False))])] == []


def test_a_text_is_listed_once_whatever_its_members_are() -> None:
    texts = [FreeText(f"iam {name} Description", "of Bob", line) for line, name in enumerate("EDCBA", 1)]
    (listed,) = list_texts([("a.yaml", Review(texts=tuple(texts)))])
    assert (listed.text, len(listed.places)) == ("of Bob", 5)
    assert listed.where == "a.yaml:5: iam A Description, iam B Description, iam C Description and 2 more"


def test_comments_that_allow_values_are_named_up_to_a_number() -> None:
    kept = [KeptValue("", f"ticket {line}", "account", "314159265358", "x", line) for line in range(1, 13)]
    lines = [*kept_lines([("a.yaml", Review(kept=tuple(kept)))])]
    assert lines[0] == "1 value is allowed by a comment: a.yaml:1 ticket 1"
    assert (len(lines), lines[-1]) == (11, "and 2 more comments that allow values")
