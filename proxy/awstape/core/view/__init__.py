"""Views: cassettes, tracks, items and values prepared for people, as short labels, lines, numbers or plain data.

`selectors` finds the tracks that a text selects, `track_statistics` counts, `labels` fits identities and items into a
line, `value_lines` writes all of a value, `timeline` orders takes and writes, `html_page_data` is what the HTML page
shows. Read first: selectors, labels.
May import: core.aws, core.cassette, core.redaction, core.text.
"""
