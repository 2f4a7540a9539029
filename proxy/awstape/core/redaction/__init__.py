"""Redaction: real values become aliases, in identities, answers and cassettes.

`redactor` redacts what a recording passes to it. `string_walk` visits every string of a value, `string_redaction`
decides what becomes of one by its member (`member_kinds`), `services` do for services without rules of their own, the
`text` folder searches text. `aliases` computes aliases
under the key, `marks` keep them apart, `documentation_names` are those of AWS's documentation, `alias_grammar`
recognises them without it, `project_rules` are the project's exceptions, and `leak_search` is the last check before a
write. Read first: redactor, string_redaction, aliases.
May import: core.aws, core.cassette, core.text.
"""
