"""Traversals: the captured pages of a recording are chained into takes, which are ordered among its writes.

`chaining` finds the take that a page belongs to, `take_order` orders the takes by the times of their requests, `writes`
tells which write a take comes after, `resumed_listings` joins pages that were requested with a token of another take.
Read first: chaining, take_order.
"""
