"""Synthesis: takes of any operation, generated from the service model without an AWS account.

`synthetic_takes` walks over the shape of the output, `value_generators` has a generator for each kind of member of IAM
and Access Analyzer, `fitting_texts` makes texts that the model of any service allows,
`generation_context` and `entities` keep the members of one role, user or policy consistent, `timestamps` the dates.
All of it is derived from a seed (`seeded_choice`). Read first: synthetic_takes, generation_context.
May import: core.aws, core.cassette, core.redaction, core.replay.
"""
