"""Replay: a request in, the recorded page, a fault or a miss out.

`player` runs the steps, `matching` finds the track by the meaning of its identity, among those of several `callers`,
or by the project's rules among the `ruled_tracks`, `take_selection` chooses the take (a retry gets that of the first
attempt), `page_lookup` finds the page, `replies` encodes it, `misses` explains a request without a page by its
`nearest_track`, and `sessions` keeps what each test got. `paging_modes` cuts takes into other pages.
Read first: player, page_lookup.
May import: core.aws, core.cassette, core.compare, core.redaction, core.text.
"""
