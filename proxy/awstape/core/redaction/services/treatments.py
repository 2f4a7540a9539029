"""The treatment of strings by default-deny: what becomes of those in a place, by what the service model says of it.

1. A place has a name, any other value, a time, a number, the key of a tag, the message of an error, a secret, or
   what a profile says (`core.redaction.services.profiles`): a key that programs look up, an expression of such keys.
2. Keys of tags, names of filters and names of members without a model stay as programs look them up ("key"). Keys of
   maps stay if they are code ("attribute").
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from awstape.core.aws.model import Shape
from awstape.core.redaction.members.member_kinds import is_error_text
from awstape.core.redaction.services.profiles import Use, find_use
from awstape.core.redaction.string_walk import TEXT, Place
from awstape.core.text.lazy_pattern import lazy_pattern

Treatment = Literal["code", "message", "time", "key", "secret", "name", "value", Use]
#: Members that every error has: its code, and who is at fault.
_OF_ERRORS = frozenset({"Code", "code", "Type", "type", "__type"})
_NAME = lazy_pattern(
    r"(?:names?|ids?|identifiers?|arns?|alias(?:es)?|owners?|users?|buckets?|prefix(?:es)?|paths?|descriptions?|titles?"
    r"|keys?|comments?|subjects?|labels?|displayname|emails?|hosts?|domains?|endpoints?|ur[il]s?|addresses)\Z",
    re.IGNORECASE,
)
_SECRET = lazy_pattern(
    r"(?:passwords?|passphrase|secret(?:string|binary|key|accesskey|value)|clientsecret|privatekey(?:plaintext)?|apikey"
    r"|(?:access|auth|authorization|bearer|id|refresh|session|security|webidentity|oauth)token|plaintext)\Z",
    re.IGNORECASE,
)
_TAGS = lazy_pattern(r"tags?(?:et|list|map|s)?\Z", re.IGNORECASE)
_TAG_KEY = lazy_pattern(r"tag_?keys?(?:list|type|only)?\Z", re.IGNORECASE)
_FILTER = lazy_pattern(r"filter", re.IGNORECASE)


@cache
def find_treatment(place: Place) -> Treatment:
    """What becomes of the strings in a place, by what the service model says of it."""
    if place.step == "unmarked" and place.above:
        return _find_treatment(place.above, is_marked=False)
    return _find_treatment(place)


def _find_treatment(place: Place, *, is_marked: bool = True) -> Treatment:
    """is_marked: whether what the model marks as sensitive counts."""
    shape, name = place.shape, place.member_name
    if is_error_text(place):
        return "message"
    if shape is TEXT and not place.step and name in _OF_ERRORS and place.names[0] in ("code", "members"):
        return "code"
    if shape is not None and shape.type == "timestamp":
        return "secret" if place.is_sensitive and is_marked else "time"
    if _is_key(place):
        return "key"
    if place.step == "0":  # a number that the model doesn't know
        return "number"
    around = place.above.shape.name if place.above and place.above.shape and not place.step else ""
    use = "attribute" if place.step == "{}" else find_use(place.service.name if place.service else "", around, name)
    if use is not None:
        return use
    if _SECRET.search(name) or (is_marked and place.is_sensitive):
        return "secret"
    shape_name = shape.name if shape and place.step in ("", "[]") else ""
    if _is_tag_value(place) or _NAME.search(name) or _NAME.search(shape_name.removesuffix("String")):
        return "name"
    return "value"


def holds_name(place: Place) -> bool:
    """Whether other texts are searched for the strings in a place."""
    return find_treatment(place) == "name"


def _is_key(place: Place) -> bool:
    """Whether programs look up the strings in a place: keys of tags, names of filters, members without a model."""
    name, around = place.member_name, place.above.shape if place.above else None
    if place.step == "{}" and place.above:
        is_member = around.type == "structure" and not around.document if around else not place.above.step
        return is_member or _TAGS.search(name) is not None
    if place.step in ("", "[]") and _TAG_KEY.search(name):
        return True
    if place.step or around is None or name.lower() not in ("key", "name"):
        return False
    is_filter = _FILTER.search(around.name) and not {"values", "value"}.isdisjoint(map(str.lower, around.members))
    return bool(is_filter) or (name.lower() == "key" and _is_tag(around, place.names))


def _is_tag_value(place: Place) -> bool:
    above, name = place.above, place.member_name.lower()
    if place.step == "*":
        return _TAGS.search(place.member_name) is not None
    return name in ("value", "tagvalue") and above is not None and _is_tag(above.shape, place.names)


def _is_tag(shape: Shape | None, names: tuple[str, ...]) -> bool:
    """Whether a structure is a tag. names: of the members on the way to one of its members."""
    is_named_so = _TAGS.search(shape.name) if shape else None
    return bool(is_named_so) or (len(names) > 1 and _TAGS.search(names[-2]) is not None)
