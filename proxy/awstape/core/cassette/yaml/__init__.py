"""Cassettes as YAML text: parser, validation, reader, two writers (afresh and comment-preserving), JSON Schema.

`recognition` tells cassettes from other YAML files.
"""
