"""Names in messages, each with a twin that stays, and harmless values."""

from __future__ import annotations

import re

import pytest

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text import free_text, identifier_search
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.redaction.text.labelled_values import is_harmless, is_template
from support.exchanges import KEY, OTHER_KEY

A = Aliases(KEY)
#: Message → the kind and the name in it. IAM and moto spell them so.
NAMED = {
    "Login Profile for User bob.smith cannot be found.": ("user", "bob.smith"),
    "User: bob is not authorized to perform: iam:GetUser": ("user", "bob"),
    "The role with name AcmeRole cannot be found.": ("role", "AcmeRole"),
    "The user with name bob cannot be found.": ("user", "bob"),
    "The role policy with name acme-read cannot be found.": ("policy", "acme-read"),
    "Group acme-admins already exists": ("group", "acme-admins"),
    "Role with name acme-x already exists.": ("role", "acme-x"),
    "A policy called acme-x already exists. Duplicate names are not allowed.": ("policy", "acme-x"),
    "Instance Profile acme-x cannot be found.": ("instance-profile", "acme-x"),
    "Policy acme-x does not exist or is not attachable.": ("policy", "acme-x"),
    "The Server Certificate with name acme-x cannot be found.": ("server-certificate", "acme-x"),
    "Role acme-x not found": ("role", "acme-x"),
    "the user 'bob' is unknown": ("user", "bob"),
}
#: Message with several names in braces.
LISTS = [
    "Users {acme-a}, {acme-b} not found",
    "Users {acme-a}, {acme-b}, and {acme-c} do not exist.",
    "Roles {acme-x} and {acme-y} cannot be found.",
    "User {acme-a} or {acme-b} is not authorized to perform: iam:GetUser",
    """Policies '{acme-a}', "{acme-b}" and `{acme-c}` are too long""",
    "Groups [{acme-a}, {acme-b}] not found",
    "users ['{acme-a}', '{acme-b}'] are not found",
    "The roles named {acme-a}, {acme-b} and {acme-c} could not be deleted",
    "The following users were not found: {acme-a}, {acme-b}.",
    "The following roles could not be deleted: {acme-a} and {acme-b}",
    "Entities do not exist: {acme-a}",
    "No such users: {acme-a}, {acme-b}",
    "Unknown role: {acme-x} (Service: AmazonIdentityManagement; Status Code: 404)",
    "User {acme-a} not in group {acme-b}",
    "Policy {acme-p} not attached to role {acme-r}",
    "Login profile for {acme-u} not found",
    "User {acme-u} already has password",
    "The role with name {acme-a} and path /x/ cannot be found",
    "Instance profiles {acme-a} or {acme-b} already exist",
]
SENTENCES = [
    "The user does not exist. The role was not found. User is not authorized.",
    "Policy association failed because of limits; the group has a role named in its policy.",
    "Cannot delete entity, must detach all policies first.",
    "Patch Group baseline already has a baseline registered",
    "User: anonymous is not authorized",
    "Users and roles cannot be found. Groups or users that do not exist: none",
    "The policies are not attached: read and write access",
    "Users, groups and roles are not deleted automatically.",
    "Certificate body is invalid. Invalid principal in policy: the user is missing",
    "Members of the group must not be users; cannot delete entity, must remove users from group first.",
]


@pytest.mark.parametrize("message", LISTS)
def test_names_in_a_list_become_aliases(message: str) -> None:
    text = re.sub(r"[{}]", "", message)
    redacted = redact_text(text, A)
    assert redacted == re.sub(r"\{(.*?)\}", lambda match: A.name("user", match[1]), message)
    assert redact_text(redacted, Aliases(OTHER_KEY)) == redacted


@pytest.mark.parametrize("message", NAMED)
def test_a_name_in_a_message_becomes_its_alias(message: str) -> None:
    kind, name = NAMED[message]
    redacted = redact_text(message, A)
    assert redacted == message.replace(name, A.name(kind, name))
    assert redact_text(redacted, Aliases(OTHER_KEY)) == redacted


@pytest.mark.parametrize("text", SENTENCES)
def test_a_word_of_a_message_is_no_name(text: str) -> None:
    assert redact_text(text, A) == text


# --- harmless values --------------------------------------------------------------------------------------------

TEMPLATES = [
    *("${X}", "${aws:username}", "$(cat_x)", "$DB_PASSWORD", "{{ secret }}", "{password}", "{}", "<your password>"),
    *("[REDACTED]", "(none)", "%(x)s", "%s", "%PASSWORD%", "***"),
]
HARMLESS = ["true", "FALSE", "none", "n/a", "0", "-12345", "1.5", "2024-05-02", "2024-05-02T03:04:05.678Z", *TEMPLATES]
HARMFUL = [
    *("", "hunter2", "123456", "$hunter2", "%hunter2", "*hunter2", "<hunter22>", "(hunter22)", "[h22]", "{hunter22}"),
    *("${a}b", "2024-05-02x", "true1"),
]


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_value(text: str) -> None:
    assert is_harmless(text)
    assert is_template(text) == (text in TEMPLATES)


@pytest.mark.parametrize("text", HARMFUL)
def test_any_other_value_may_be_a_secret(text: str) -> None:
    assert not is_harmless(text)


def test_a_longer_number_is_harmless_where_it_is_no_secret() -> None:
    assert is_harmless("12345678901", most_digits=11)
    assert not is_harmless("123456789012", most_digits=11)


def test_the_digits_of_every_script_are_digits() -> None:
    alias = A.account("111122223333")
    for zero in "\u0660\u06f0\u0966\uff10":
        digits = "".join(chr(ord(zero) + int(digit)) for digit in "111122223333")
        assert redact_text(f"account {digits}!", A) == f"account {alias}!"


# --- passes over a text -----------------------------------------------------------------------------------------


class CountingPattern:
    """A pattern that counts the passes over a text."""

    def __init__(self, pattern: re.Pattern[str], passes: list[str]) -> None:
        self._pattern, self._passes = pattern, passes

    def sub(self, *args: object) -> str:
        self._passes.append("sub")
        return self._pattern.sub(*args)  # type: ignore[arg-type]

    def search(self, text: str) -> re.Match[str] | None:
        self._passes.append("search")
        return self._pattern.search(text)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("2024-03-02T09:14:11Z", []),
        ("Allows EC2 instances to call AWS services on your behalf.", ["search"]),
        ("owned by the platform team: bob and eve", ["search", "sub"]),
        ("look at i-0a9b8c7d6e5f43210 of db1.corp.internal", ["search", "sub"]),
    ],
)
def test_a_text_is_searched_in_one_pass_after_one_test(
    text: str, passes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    monkeypatch.setattr(free_text, "MAY_HOLD_IDENTIFIER", CountingPattern(free_text.MAY_HOLD_IDENTIFIER, found))
    monkeypatch.setattr(identifier_search, "IN_SENTENCES", CountingPattern(identifier_search.IN_SENTENCES, found))
    redact_text(text, Aliases(KEY))
    assert found == passes
