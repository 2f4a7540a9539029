"""The plain HTTP endpoint that replays, with sessions and control paths, and who may use it.

`endpoint` listens, a `connection` answers requests in order, those of `known_requests` from memory, `http1` parses and
writes HTTP/1.1. `control_api` answers the paths that are not AWS's. `access_control` is the access policy of the
endpoint and of the proxy. With `workers`, each `worker` is a process, connected to them by a `process_link`.
Read first: endpoint, connection, control_api, workers.
May import: catalog, clock, core.aws, core.replay, core.text, errors, report, tape.
"""
