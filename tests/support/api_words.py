"""Generates `core.redaction.services.api_words` from botocore's data: the words of the names of members."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

from awstape.catalog.botocore_data import available_services, load_service_model
from awstape.core.redaction.services import api_words

FILE = Path(api_words.__file__)
#: A word that fewer services have is a name, such as that of a partner, more often than a word of any code.
FEWEST_SERVICES = 3
SHORTEST = 3
#: Names of companies and of their products, and words that are more often the name of a person or of a project.
NAMES = frozenset(
    """
    alexa amazon android apple athena aurora azure bedrock best bill black blue canary cognito confluence cross echo
    elasticsearch excel firehose github gitlab google grace green grace horizon iceberg jira kafka kendra kerberos lake
    lakehouse lattice lead leg lustre mark microsoft mongo neptune nitro oracle pinpoint prometheus python redshift
    rich sage salesforce slack snowflake spark storm toll travel union will zendesk
    """.split()
)
_WORD = re.compile("[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def write_module() -> str:
    """Returns the text of the module."""
    head, mark, _ = FILE.read_text("utf-8").partition('frozenset(\n    """\n')
    return (
        head + mark + "\n".join(f"    {line}" for line in wrap(" ".join(find_words()), 116)) + '\n    """.split()\n)\n'
    )


def find_words() -> list[str]:
    """Returns the words, sorted."""
    services = defaultdict(set)
    for service in available_services():
        for name in _names_of_members(service):
            for word in _WORD.findall(name):
                services[word.lower()].add(service)
    common = {word for word, having in services.items() if len(having) >= FEWEST_SERVICES and len(word) >= SHORTEST}
    return sorted(common - NAMES)


def _names_of_members(service: str) -> Iterator[str]:
    model = load_service_model(service)
    yield from model["operations"]
    for shape in model["shapes"].values():
        yield from shape.get("members", ())
