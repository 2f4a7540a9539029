"""Replay and recording inside a Python process, for boto3, botocore and aiobotocore clients, without a socket.

`botocore_hook` is the public interface, `botocore_handlers` connects it to botocore's events, `botocore_wire` converts
requests and responses, `known_calls` answers equal calls at once, `shared_session_parts` saves the time to load service
models again. Read first: botocore_hook.
May import: catalog, clock, core.aws, core.recording, core.replay, core.text, errors, opening, program, proxying,
report, tape, workbench.
"""
