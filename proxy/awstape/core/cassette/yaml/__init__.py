"""Cassettes as YAML text: parser, validation, reader, two writers (afresh and comment-preserving), JSON Schema."""
