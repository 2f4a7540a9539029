"""The pure core: bytes and values in, values out.

No files, sockets, clocks, environment or threads; nothing of click, pytest, mitmproxy or botocore. What the
core needs from outside (the service models, the redaction key) is handed to it as an argument. The linter
keeps this line (`flake8-tidy-imports` in pyproject.toml).
"""
