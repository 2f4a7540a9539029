"""The intercepting proxy: mitmproxy between a program and AWS, with a tape in it.

`interceptor` is the mitmproxy addon that answers or records a request; in replay a `replay_layer` answers without it.
`proxy_server` runs both, with certificates of our own authority (`tls`). `upstream` replaces AWS by another URL,
`upstream_proxy` connects through a company's proxy, `upstream_checks` finds why a request can't be sent. `upstream` and
`proxy_settings` work without mitmproxy and cryptography.
Read first: interceptor, proxy_server.
May import: catalog, clock, core.aws, core.replay, core.text, errors, files, serving, tape.
"""
