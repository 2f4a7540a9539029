"""Access key ids: the account and the principal that one is of, and an id that stands for both.

1. The ids that AWS gives out since 2019 encode their account: behind the prefix `AKIA` or `ASIA`, the first 41 bits of
   the base-32 text are a one and the account's number in binary. (No AWS documentation says so. moto and LocalStack
   make such ids, and `ASIAY34FZKBOKMUTVV7A` of a public example is of account 609629065308.)
2. Older ids begin with a zero bit, as the `I` and `J` behind their prefix show. They encode nothing.
3. An id of twelve digits is an account: so callers of LocalStack choose theirs.
4. The alias of a temporary id has that of its account in the same place, and behind it `tape` and lower case
   (`core.redaction.alias_grammar`).
5. In place of the account of an id that encodes none, cassettes have `caller-…`, computed from the id with the key
   (`core.redaction.aliases`). As an access key id it stands for itself.
6. A principal is whoever in an account makes requests: `role/NAME`, `user/NAME`, `federated-user/NAME` or `root`. The
   name of a session and the path of a name are no part of it. No id of AWS encodes it: STS tells the principal of the
   id that it gives out, and that of its caller (`Principals`).
7. An id that stands for a principal is that of its account, and behind it the principal in base 32.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from awstape.core.aws.model import Operation, Value
from awstape.core.text.lazy_pattern import lazy_pattern

_ID = lazy_pattern(r"(?:AKIA|ASIA)([Q-Z2-7][A-Z2-7]{8})(?:[A-Z0-9]{7,}|tape[a-z2-7]{7,})", re.ASCII)
ACCOUNT_ID = lazy_pattern(r"\d{12}", re.ASCII)
#: The account of a caller, as in cassettes.
ACCOUNT = lazy_pattern("[0-9]{12}|caller-[a-z2-7]{12}")
#: A principal, as in cassettes.
PRINCIPAL = lazy_pattern(r"root|(?:role|user|federated-user)/[\w+=,.@-]+", re.ASCII)
_FIRST_BIT = 1 << 40
_BEHIND = 80 - 41  # bits of sixteen characters that are not the account
_PREFIX, _ENCODED_ACCOUNT = "AKIA", 9  # characters

#: Operation of STS → the structure of its output that has the ARN of the principal whom the credentials are of. Those
#: of GetSessionToken are of the caller.
_GIVING: Mapping[str, str | None] = {
    "AssumeRole": "AssumedRoleUser",
    "AssumeRoleWithSAML": "AssumedRoleUser",
    "AssumeRoleWithWebIdentity": "AssumedRoleUser",
    "AssumeRoot": None,
    "GetFederationToken": "FederatedUser",
    "GetSessionToken": None,
}


# --- accounts -----------------------------------------------------------------------------------------------------


def account_of_access_key(access_key_id: str) -> str | None:
    """The account that an access key id encodes; None for an id that encodes none."""
    if ACCOUNT_ID.fullmatch(access_key_id):
        return access_key_id
    if (match := _ID.fullmatch(access_key_id)) is None:
        return None
    number = int.from_bytes(base64.b32decode(match[1].ljust(16, "A"))) >> _BEHIND
    account = f"{number - _FIRST_BIT:012}"
    return account if len(account) == 12 else None


def access_key_of_account(account: str, principal: str | None = None) -> str:
    """An access key id that stands for an account, or for a principal of it.

    Raises ValueError for a text that is no account, a text that is no principal, and a principal of an unknown account.
    """
    if not ACCOUNT.fullmatch(account):
        raise ValueError("not an account")
    if not account.isdigit():
        if principal:
            raise ValueError("a principal of an unknown account")
        return account
    encoded = base64.b32encode((int(account) + _FIRST_BIT << _BEHIND).to_bytes(10)).decode()
    if principal is None:
        return _PREFIX + encoded
    if not PRINCIPAL.fullmatch(principal):
        raise ValueError("not a principal")
    return _PREFIX + encoded[:_ENCODED_ACCOUNT] + base64.b32encode(principal.encode()).decode().rstrip("=")


def replace_account(access_key_id: str, account: str) -> str:
    """A temporary access key id with another account, of twelve digits, in the place of its own."""
    return "ASIA" + access_key_of_account(account)[4:13] + access_key_id[13:]


# --- principals ---------------------------------------------------------------------------------------------------


def principal_of_access_key(access_key_id: str) -> str | None:
    """The principal that an access key id stands for by rule 7; None for any other id."""
    encoded = access_key_id[len(_PREFIX) + _ENCODED_ACCOUNT :]
    if not access_key_id.startswith(_PREFIX) or account_of_access_key(access_key_id) is None:
        return None
    try:
        principal = base64.b32decode(encoded + "=" * (-len(encoded) % 8)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return principal if PRINCIPAL.fullmatch(principal) else None


def principal_of_arn(arn: str) -> str | None:
    """The principal that the ARN of a user, a role or a session names; None for other texts."""
    kind, *rest = arn.split(":", 5)[-1].split("/") if arn.startswith("arn:") else [""]
    if kind == "assumed-role":
        kind, rest = "role", rest[:1]
    principal = "/".join([kind, *rest[-1:]])
    return principal if PRINCIPAL.fullmatch(principal) else None


def find_given_key(operation: Operation, output: Mapping[str, Value]) -> str | None:
    """The access key id that an answer of STS gives out, None for any other answer."""
    if operation.service.name != "sts" or operation.name not in _GIVING:
        return None
    key = _structure(output, "Credentials").get("AccessKeyId")
    return key if isinstance(key, str) else None


class Principals:
    """The principals of access key ids, as answers of STS tell them.

    Ids are compared only, so digests can be in their place. The id of a caller may be unknown.
    """

    def __init__(self) -> None:
        self._known: dict[str, str | None] = {}
        """Access key id → its principal; None where two answers contradict each other."""
        self._callers: dict[str, str] = {}
        """Access key id → that of the caller who got it, of the same principal."""
        self.given = set[str]()
        """The principals to whom ids were given out."""
        self.asked = set[str]()
        """The principals who asked who they are."""

    def note_answer(
        self, operation: Operation, output: Mapping[str, Value], caller: str | None, given: str | None
    ) -> None:
        """Notes what an answer tells. caller: the id of the request. given: what `find_given_key` finds, or its digest.

        The answer may be redacted.
        """
        if operation.service.name != "sts":
            return
        if operation.name == "GetCallerIdentity":
            self._note(caller, principal_of_arn(str(output.get("Arn"))), self.asked)
        elif given and operation.name == "GetSessionToken" and caller:
            self._callers[given] = caller
        elif given and operation.name == "AssumeRoot":
            self._note(given, "root", self.given)
        elif given and (member := _GIVING[operation.name]):
            self._note(given, principal_of_arn(str(_structure(output, member).get("Arn"))), self.given)

    def note_caller(self, key: str, principal: str | None) -> None:
        """Notes the principal of an id that a caller of this principal got for itself."""
        self._note(key, principal, self.asked)

    def _note(self, key: str | None, principal: str | None, principals: set[str]) -> None:
        if principal:
            principals.add(principal)
        if key:
            self._known[key] = principal if self._known.get(key, principal) == principal else None

    def find(self, key: str | None) -> str | None:
        """The principal of an id, None if no answer tells it."""
        seen = set[str]()
        while key is not None and key not in self._known and key not in seen:
            seen.add(key)
            key = self._callers.get(key)
        return self._known.get(key) if key is not None else None

    def items(self) -> Iterator[tuple[str, str]]:
        """The ids of which an answer tells the principal, with it."""
        return ((key, principal) for key, principal in self._known.items() if principal)


def _structure(output: Mapping[str, Value], member: str) -> Mapping[str, Value]:
    value = output.get(member)
    return value if isinstance(value, dict) else MappingProxyType({})
