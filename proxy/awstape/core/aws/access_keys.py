"""Access key ids: the account that one encodes, and an id that stands for an account.

1. The ids that AWS gives out since 2019 encode their account: behind the prefix `AKIA` or `ASIA`, the first 41 bits of
   the base-32 text are a one and the account's number in binary. (No AWS documentation says so. moto and LocalStack
   make such ids, and `ASIAY34FZKBOKMUTVV7A` of a public example is of account 609629065308.)
2. Older ids begin with a zero bit, as the `I` and `J` behind their prefix show. They encode nothing.
3. An id of twelve digits is an account: so callers of LocalStack choose theirs.
4. The alias of a temporary id has that of its account in the same place, and behind it `tape` and lower case
   (`core.redaction.alias_grammar`).
5. In place of the account of an id that encodes none, cassettes have `caller-…`, computed from the id with the key
   (`core.redaction.aliases`). As an access key id it stands for itself.
"""

from __future__ import annotations

import base64
import re

_ID = re.compile(r"(?:AKIA|ASIA)([Q-Z2-7][A-Z2-7]{8})(?:[A-Z0-9]{7,}|tape[a-z2-7]{7,})", re.ASCII)
_DIGITS = re.compile(r"\d{12}", re.ASCII)
#: The account of a caller, as in cassettes.
ACCOUNT = re.compile("[0-9]{12}|caller-[a-z2-7]{12}")
_FIRST_BIT = 1 << 40
_BEHIND = 80 - 41  # bits of sixteen characters that are not the account


def account_of_access_key(access_key_id: str) -> str | None:
    """The account that an access key id encodes; None for an id that encodes none."""
    if _DIGITS.fullmatch(access_key_id):
        return access_key_id
    if (match := _ID.fullmatch(access_key_id)) is None:
        return None
    number = int.from_bytes(base64.b32decode(match[1].ljust(16, "A"))) >> _BEHIND
    account = f"{number - _FIRST_BIT:012}"
    return account if len(account) == 12 else None


def access_key_of_account(account: str) -> str:
    """An access key id that stands for an account. Raises ValueError for a text that is none."""
    if not ACCOUNT.fullmatch(account):
        raise ValueError("not an account")
    if not account.isdigit():
        return account
    return "AKIA" + base64.b32encode((int(account) + _FIRST_BIT << _BEHIND).to_bytes(10)).decode()


def replace_account(access_key_id: str, account: str) -> str:
    """A temporary access key id with another account, of twelve digits, in the place of its own."""
    return "ASIA" + access_key_of_account(account)[4:13] + access_key_id[13:]
