"""Recording: exchanges in, in the order of the traffic, a redacted cassette out.

`exchange` is what a journal keeps, `recorder` decides which exchanges are recorded, `capture` decodes and redacts one,
`folding` folds captures into the cassette, `traversals` chains them into takes, `take_order` orders these among the
writes, `writes` tells which write a take comes after, `resumed_listings` joins pages that were read later,
`later_takes` puts takes behind those of the cassette that answered requests before, `retries` keeps failed requests
until they are answered, `set_aside` takes out what redaction could not settle.
Read first: recorder, folding, traversals.
May import: core.aws, core.cassette, core.compare, core.redaction, core.text.
"""
