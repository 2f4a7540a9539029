"""Edits of cassettes: a cassette in, a cassette out.

`edits` changes takes and values, merges and splits; `list_items` adds and drops items of listings; `rename` replaces a
name everywhere; `rekey` puts all aliases under another key. `jmespath_paths` finds the paths that an expression
selects. Read first: edits.
May import: core.aws, core.cassette, core.compare, core.redaction, core.replay, core.text, core.view.
"""
