"""AWS requests and responses as values: service models, calls, answers, paging.

A request is routed to its service (`routing`) and read by the service's protocol (`protocols.dispatch`) into a `Call`;
a response is read into an `Answer`, and an `Answer` is written as a response. Values are checked against their shapes
(`conform`, `constraints`).

Read first: model, call, routing, protocols.dispatch.
May import: core.text.
"""
