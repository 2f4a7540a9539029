"""Identifiers of AWS's documentation: they identify nobody, so `check` doesn't report them.

A recording aliases them as any other: a test account may have one of these numbers.
"""

from __future__ import annotations

#: Globs as in a project's `keep`. Accounts, unique ids and access key ids, and buckets that AWS reserves for examples:
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
DOCUMENTATION_NAMES = (
    *"000000000000 111111111111 222222222222 333333333333 444444444444 555555555555 666666666666".split(),
    *"777777777777 888888888888 999999999999 012345678901 123456789012 210987654321".split(),
    *"111122223333 222233334444 333344445555 444455556666 555566667777 666677778888".split(),
    *"777788889999 888899990000 999900001111 999988887777 888877776666 777766665555".split(),
    *(f"{prefix}*EXAMPLE" for prefix in "ABIA ACCA AGPA AIDA AIDG AIPA AKIA ANPA ANVA APKA AROA ASCA ASIA".split()),
    "amzn-s3-demo-*",
)
