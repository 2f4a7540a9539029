"""Names and ids of AWS's documentation: which stay in recordings, and which are no finding."""

from __future__ import annotations

import pytest

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.documentation_names import (
    DocumentationRules,
    has_general_words_only,
    is_documentation_id,
)
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.text.free_text import redact_text
from support.exchanges import KEY

IDS = """
AKIAIOSFODNN7EXAMPLE AIDACKCEVSQ6C2EXAMPLE AROADBQP57FF2AEXAMPLE ASIAIOSFODNN7EXAMPLE ZXR6A36LTYANPEXAMPLE
wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY
1a2b3c4d-1234-abcd-7890-abcdeEXAMPLE c3768084dfb3d2b68b7897bf5f565da8eEXAMPLE
""".split()
PRIVATE = """
AKIAIOSFODNN7EXAMPLF AIDAEXAMPLE7QX4RT2WZ wJalrXUtnFEMI/K7MDENG/bPxRfiCYExampleKey hunterEXAMPLE
""".split()


@pytest.mark.parametrize("text", IDS)
def test_an_id_of_documentation_stays_wherever_it_is(text: str) -> None:
    aliases = Aliases(KEY)
    assert is_documentation_id(text)
    assert aliases.unique_id(text) == aliases.secret("secret", text) == aliases.password(text) == text
    for place in (f"of {text}!", f"secret={text}", f'{{"token": "{text}"}}', f"{text}:session"):
        assert text in redact_text(place, aliases)
    assert {value for _, value in aliases.by_value} <= {"session"}


@pytest.mark.parametrize("text", PRIVATE)
def test_other_ids_become_aliases(text: str) -> None:
    aliases = Aliases(KEY)
    assert not is_documentation_id(text)
    assert text not in (aliases.unique_id(text), aliases.secret("secret", text), aliases.password(text))


def test_only_check_ignores_general_names() -> None:
    rules = DocumentationRules.of(Rules(keep=("Payroll",)))
    assert all(map(rules.keeps, ("Payroll", "111122223333", "ExampleRole", "server.example.com")))
    assert not any(map(rules.keeps, ("Payroll-role", "111122223334", "acme-example-role")))
    assert Aliases(KEY).name("role", "ExampleRole").startswith("alias-")


@pytest.mark.parametrize(
    "name", "ExampleRole Test-Role my-example-bucket S3Access EC2role AWSExampleUser01 admin dev_2 ReadOnlyRole".split()
)
def test_a_name_of_general_words_identifies_nobody(name: str) -> None:
    assert has_general_words_only(name)
    assert not has_general_words_only(f"acme-{name}")
    assert not has_general_words_only(f"{name}Acme")


@pytest.mark.parametrize(
    "name", ["", "-", "1234", "bob", "role12345", "Rôle", "admin@acme", "S3cret-role", "mycompany"]
)
def test_other_names_are_no_general_words(name: str) -> None:
    assert not has_general_words_only(name)
