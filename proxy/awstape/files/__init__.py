"""The user's files: cassettes, journals of recordings, the redaction key, project settings.

`cassette_files` finds, loads and saves cassettes, `journal` keeps exchanges until they are in one, `quarantine`
what was set aside. All reads are limited
in size (`limited_reading`), and all writes are atomic (`atomic_writes`). Read first: cassette_files, journal.
May import: catalog, core.aws, core.cassette, core.check, core.compare, core.redaction, core.text, errors,
progress.
"""
