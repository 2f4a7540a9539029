"""Recording: exchanges in, in the order of the traffic, a redacted cassette out.

`exchange` is what a journal keeps, `recording_filter` decides what is recorded, `recorder` takes exchanges, `capture`
decodes and redacts one (`lossless` compares), `retries` keeps failed requests until they are answered. In the end,
`folding` makes a cassette of the captures: `traversals` chains them into takes, `later_takes` puts takes behind those
of the cassette that answered before, `set_aside` takes out what redaction could not settle, `summary` is for the user.
Read first: recorder, capture, folding, traversals.
May import: core.aws, core.cassette, core.compare, core.redaction, core.text.
"""
