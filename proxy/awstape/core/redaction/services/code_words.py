"""Keys that are code: names of attributes, of members of JSON, of environment variables and of columns.

1. A program looks up such a key by its name, so a replay must have it. But a map may have a customer's names as keys.
2. A key is code if each of its words is one of AWS's own API (`core.redaction.services.api_words`) or usual in code.
   Words end at a change of case, at a joint (`_`, `-`, `.`, a blank) and at digits: `order_id`, `GSI1PK`, `db.host`.
3. What random letters and digits may be by chance is no word: of one letter one counts, longer numbers and other
   characters do not, and half of a key must be words of three letters or more.
4. It depends on nothing but the key, so one key is spelled the same in all services and in requests and answers.
5. A placeholder of an expression, such as `:p` and `#n0`, is a name that code makes: words of two letters count.
"""

from __future__ import annotations

import re
from functools import lru_cache

from awstape.core.text.lazy_pattern import lazy_pattern

#: Words that are usual in keys, though few members of AWS have them.
_USUAL = frozenset(
    """
    asin assignee bar barcode basket battery baz birthdate birthday cart checkout col coupon course createdat cursor
    customerid debit demo department dob dsn ean employee firstname foo fullname grade gsi hello href humidity iban idx
    isbn itemid lastname lesson lng lsi median nationality orderid plate productid promo qty quiz reading redis school
    sensor sku student subtotal survey teacher typename upc updatedat userid utf vin voltage world
    """.split()
)
_SHORT = frozenset(
    "at az by ci cc db ec eu fk id in ip is md ms no of ok on os pk pr qa sk ts tz to ui us vm".split(),
)
_KEY = lazy_pattern(r"[$@_-]{0,2}[A-Za-z][A-Za-z0-9_. -]{0,63}", re.ASCII)
_WORD = lazy_pattern(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PLACEHOLDER = lazy_pattern(r"[:#]\w{1,64}", re.ASCII)
#: Longer numbers that are names of algorithms.
_NUMBERS = frozenset({"256", "384", "512"})
#: Digits of a number in a key, numbers in a key, and letters of a word that may be there by chance.
_MOST_DIGITS, _MOST_NUMBERS, _LONGEST_CHANCE = 2, 2, 2
#: Words of a key; more are a sentence.
_MOST_WORDS = 6
#: Characters of a key that needs no long word.
_SHORTEST = 4


@lru_cache(2**12)  # the keys of one item are those of the next
def is_code_key(key: str) -> bool:
    """Whether a key is a name that code gives, and tells nothing of a customer."""
    return _KEY.fullmatch(key) is not None and _has_code_words(key)


@lru_cache(2**12)
def is_placeholder(text: str) -> bool:
    """Whether a text is a placeholder of an expression, and tells nothing of a customer."""
    return _PLACEHOLDER.fullmatch(text) is not None and (
        _has_code_words(text[1:]) or all(len(word) <= _LONGEST_CHANCE for word in _WORD.findall(text))
    )


def _has_code_words(key: str) -> bool:
    words = _WORD.findall(key)
    numbers = [word for word in words if word.isdigit()]
    letters = [word.lower() for word in words if not word.isdigit()]
    long = sum(len(word) for word in letters if len(word) > _LONGEST_CHANCE)
    return (
        len(words) <= _MOST_WORDS
        and len(numbers) <= _MOST_NUMBERS
        and all(len(number) <= _MOST_DIGITS or number in _NUMBERS for number in numbers)
        and sum(len(word) == 1 for word in letters) <= 1
        and all(map(_is_word, letters))
        and (len(key) <= _SHORTEST or 2 * long >= sum(map(len, words)))
    )


def _is_word(word: str) -> bool:
    if len(word) <= _LONGEST_CHANCE:
        return len(word) == 1 or word in _SHORT
    from awstape.core.redaction.services.api_words import API_WORDS  # read by those alone who have such a key

    return any(each in API_WORDS or each in _USUAL for each in (word, word.removesuffix("s"), f"{word}s"))
