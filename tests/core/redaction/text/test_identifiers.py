"""A form of identifier is one row: with a row more, texts, names, the search before a write and messages know it."""

from __future__ import annotations

import json
import subprocess
import sys
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.redaction.leak_search import RealValueSearch
from awstape.core.redaction.project_rules import NO_RULES
from awstape.core.redaction.text.identifiers import KINDS
from awstape.core.redaction.value_kinds import ValueKind

#: Imports the module of the table with one row more, before anything else does.
ONE_ROW_MORE = '''
import importlib.util, json, sys
from pathlib import Path

name = "awstape.core.redaction.text.identifiers"
spec = importlib.util.find_spec(name)
source = Path(spec.origin).read_text(encoding="utf-8")
row = """"contract": Identifier(ValueKind("contract number"), r"CN-[0-9]{4}-[0-9]{6}"),"""
begin = "IDENTIFIERS: Mapping[str, Identifier] = {"
assert source.count(begin) == 1
sys.modules[name] = module = importlib.util.module_from_spec(spec)
exec(compile(source.replace(begin, begin + row), spec.origin, "exec"), module.__dict__)

from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.redaction.leak_search import RealValueSearch
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.text.arn import redact_name
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.view.kind_names import count_kinds

contract = "CN-2024-000123"
aliases = Aliases(Key(b"a key for tests"))
alias = aliases.identifier("contract number", contract)
search = RealValueSearch(aliases.real_values, NO_RULES)
kept = RealValueSearch(aliases.real_values, Rules(keep=(contract,)))
print(json.dumps({
    "text": redact_text(f"see {contract}, please", aliases) == f"see {alias}, please",
    "longer number": redact_text(f"see {contract}4", aliases).endswith("4"),
    "name": redact_name("role", contract, aliases) == alias,
    "found": search.find(f"of:{contract}.", False),
    "found in a longer number": search.find(f"of:{contract}4", False),
    "found where the project keeps it": kept.find(contract, False),
    "count": count_kinds({**aliases.count_by_kind(), "account": 2}),
}))
'''
#: Kinds that are searched for as a part of any string, with a value of which no form is known.
BORDERED = [kind for kind in KINDS.values() if kind.borders is not None]


def test_a_form_of_identifier_is_one_row() -> None:
    done = subprocess.run([sys.executable, "-c", ONE_ROW_MORE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "text": True,
        "longer number": True,
        "name": True,
        "found": ["contract number", "CN-2024-000123"],
        "found in a longer number": None,
        "found where the project keeps it": None,
        "count": "2 account ids, 1 contract number",
    }


@given(st.sampled_from(BORDERED), st.sampled_from(f"{ascii_letters}{digits} .-"), st.booleans())
def test_a_value_is_found_beside_all_characters_but_its_borders(kind: ValueKind, beside: str, is_before: bool) -> None:
    search = RealValueSearch({kind.name: ["zz-0001-zz"]}, NO_RULES)
    text = f"{beside}zz-0001-zz" if is_before else f"zz-0001-zz{beside}"
    is_found = beside not in (kind.borders or ())
    assert search.find(text, is_free=False) == ((kind.name, "zz-0001-zz") if is_found else None)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_that_is_searched_for_as_a_name_has_no_borders(kind: ValueKind) -> None:
    """And one that is searched for everywhere is no precaution."""
    assert kind.is_searched or kind.borders is None
