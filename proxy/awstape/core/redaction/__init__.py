"""Redaction: real values become aliases, in identities, answers and cassettes.

`redactor` is the entry. `string_walk` visits every string of a value. `string_redaction` decides what becomes of a
string by its member (`members`), or by default-deny (`services`); `text` and `policies` search a string,
`private_values` know secrets and personal numbers. `aliases` computes aliases under the key, `marks` keep them apart,
`alias_grammar` recognises an alias without the key, `value_kinds` has the kinds of real values. `project_rules` and
`documentation_names` are the exceptions. `leak_search` is the last check before a write.
Read first: redactor, string_redaction, aliases.
May import: core.aws, core.cassette, core.text.
"""
