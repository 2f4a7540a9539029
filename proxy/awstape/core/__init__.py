"""The pure core: bytes and values in, values out.

No files, sockets, clocks, environment or threads; nothing of click, pytest, mitmproxy or botocore. What the
core needs from outside (the service models, the redaction key) is handed to it as an argument. The linter
keeps this line (`flake8-tidy-imports` in pyproject.toml).

Where to look; the first lines of each module say the rest:

    what there is       cassette answer wire model; conform and constraints: whether a value is as the model has it
    off and on the wire operation decode encode pages
    record              recorder capture takes redact; what is somebody's: members rules alias arn identifiers scan
                        words embedded conditions, and residual, the search for what was left; rekey
    replay              player match misses repage faults
    in a file           document structure comments rewrite schema
    choose and look     select overview telling layout outline printable
    check               check lint lint_values
    compare             diff compare pairing meaning changes
    edit                edit items places rename
    make up             synthesis makers scene vocabulary made_documents chance
"""
