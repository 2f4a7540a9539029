"""Reads botocore's data: builds the service models of the core, and knows the host names of AWS.

`response_parser` and `botocore_values` use botocore's own parser, serializer and value types: they show what a client
sees. `configured_endpoints` reads the user's AWS configuration as botocore does.

Read first: service_models, hosts.
May import: core.aws, core.text.
"""
