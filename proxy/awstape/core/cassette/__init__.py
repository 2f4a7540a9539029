"""The cassette: tracks, takes, pages, faults and page tokens, and their YAML text.

`takes` merges and normalises takes; `page_tokens` names page tokens by position. The subfolder yaml reads, validates
and writes the text of a cassette and keeps comments that people put into it.

Read first: cassette, takes, yaml.reader, yaml.writer.
May import: core.aws, core.text.
"""
