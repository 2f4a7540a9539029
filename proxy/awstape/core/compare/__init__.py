"""Comparison: the differences between two cassettes, takes or values, and their lines for people.

`cassette_diff` compares track by track, `value_diff` member by member; `item_pairing` finds the same item in two lists,
`equality` decides when two values mean the same, `identity_meaning` when two requests do, `principal_names` decides
which tracks have their principal, `match_rules` reads a project's rules for identities, `request_times` compares times
by them, `change_lines` writes changes as text. Read first: cassette_diff, value_diff.
May import: core.aws, core.cassette, core.redaction, core.text.
"""
