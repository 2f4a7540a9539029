"""The check of a cassette's text: values that look real, errors of the format, and probable mistakes.

`findings` finds all three. The probable mistakes come from `lint_takes` (pages, neighbouring takes, faults) and
`lint_values` (values that the service would probably not send or accept). `document_strings` walks the strings of a
text, `value_search` searches one of them, `allowed_values` reads the comments that allow a value, `free_texts` lists
what stays readable. Read first: findings.
May import: core.aws, core.cassette, core.compare, core.redaction, core.text.
"""
