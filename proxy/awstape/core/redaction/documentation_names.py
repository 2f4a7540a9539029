"""Names that reveal nothing about their owner: common words, and the names in AWS's documentation.

1. Ids, keys and digests that end with EXAMPLE stay in recordings, too: one in 10 billion random ones does.
2. Other names of documentation are no findings of `check`, but a recording replaces them: a test account may have such
   a number.
3. A name that has general words only, such as `ReadOnlyRole` or `my-example-bucket`, is no finding either.
4. A recording aliases a name that is a common word, but searches no other text for it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from awstape.core.redaction.project_rules import Rules
from awstape.core.text.lazy_pattern import lazy_pattern

#: `AIDACKCEVSQ6C2EXAMPLE`, `wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`, `1a2b3c4d-1234-abcd-7890-abcdeEXAMPLE`.
_ID = lazy_pattern(r"[A-Z0-9]{4,}EXAMPLE|[A-Za-z0-9+/-]{24,}EXAMPLE(?:KEY)?")
#: Globs as in a project's `keep`. Accounts, names and hosts that AWS reserves for examples:
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
DOCUMENTATION_NAMES = (
    *"000000000000 111111111111 222222222222 333333333333 444444444444 555555555555 666666666666".split(),
    *"777777777777 888888888888 999999999999 012345678901 123456789012 210987654321".split(),
    *"111122223333 222233334444 333344445555 444455556666 555566667777 666677778888".split(),
    *"777788889999 888899990000 999900001111 999988887777 888877776666 777766665555".split(),
    *"amzn-s3-demo-* *.example.com example.com".split(),
    # The canonical user id and the key id in the guides of S3 and KMS.
    "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be",
    "1234abcd-12ab-34cd-56ef-1234567890ab",
)
#: Shorter names are treated as words.
SHORTEST_SEARCHED_NAME = 3
#: Names that are also words of the protocol or of ordinary text: other texts are not searched for them.
_COMMON_WORDS = frozenset(
    "account admin alias all aws bucket catalog default federated group iam key name none null policy primary role "
    "root service test text user value version".split()
)
#: Words of names that reveal nothing about their owner: kinds of things, rights, stages, and services.
_GENERAL_WORDS = frozenset(
    """
    access account accounts admin administrator administrators admins alias all allow analyzer and any api app
    application applications archive audit auth aws bucket by cert certificate client cloud config console custom data
    default delete demo deny dev developer developers device dummy ec2 edit example examples execution federated file
    files foo bar baz for from full function general generic get group groups host iam id instance instances job key
    keys lambda limited list log logs management manager managers member mfa my name new of oidc old only operator
    operators organization path permission permissions perms placeholder policies policy pool power prod production
    profile profiles provider put read reader readonly resource resources role roles root rule rules s3 saml sample
    sandbox security server service services session sns specific sqs ssh stage staging support system tag tagged tags
    task temp template test testing tests the to topic trail trust update updated user users validation version view
    viewer virtual web webserver with write your
    """.split()
)
_NAME_PART = lazy_pattern(r"(?i:ec2|s3)|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d{1,4}(?!\d)|[-_./ ]+")


def is_documentation_id(text: str) -> bool:
    """True for an id, a key or a digest that documentation made."""
    return _ID.fullmatch(text) is not None


def is_searched_name(name: str) -> bool:
    """Whether free text is searched for a name as a word."""
    return len(name) >= SHORTEST_SEARCHED_NAME and name.casefold() not in _COMMON_WORDS


@dataclass(frozen=True)
class DocumentationRules(Rules):
    """The rules of a project, which also keep what identifies nobody: for `check`."""

    @classmethod
    def of(cls, rules: Rules) -> DocumentationRules:
        given = {field.name: getattr(rules, field.name) for field in fields(rules)}
        return cls(**{**given, "keep": (*rules.keep, *DOCUMENTATION_NAMES)})

    def keeps(self, value: str) -> bool:
        return super().keeps(value) or has_general_words_only(value)


def has_general_words_only(name: str) -> bool:
    """Whether every part of a name is a general word, a short number or a joint, and one is a word."""
    parts = _NAME_PART.findall(name)
    if sum(map(len, parts)) != len(name):
        return False
    words = [part.lower() for part in parts if part[0].isalpha()]
    return bool(words) and _GENERAL_WORDS.issuperset(words)
