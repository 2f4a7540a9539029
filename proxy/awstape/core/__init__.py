"""The pure core: bytes and values in, values out.

No files, sockets, clocks, environment or threads; nothing of click, pytest, mitmproxy or botocore. What the core needs
from outside (the service models, the redaction key) is an argument. The linter enforces this (`flake8-tidy-imports` in
pyproject.toml). Each folder is a wing; its first lines say what happens in it and which module to read first:

    text         encoded text within text, printable and shortened text
    aws          service models, requests and responses, the protocols, paging
    cassette     the cassette in memory and as YAML, its takes and faults
    redaction    aliases, and what in a value is replaced by them
    recording    exchanges to a cassette
    replay       a request to a recorded page or a miss
    view         labels, lines, numbers and data for people
    compare      the differences between two cassettes
    check        findings in a cassette: values that look real, probable mistakes
    editing      edits of values, items, names and keys
    synthesis    cassettes without AWS
"""
