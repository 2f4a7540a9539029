"""Work on cassette files: edits, made-up tracks, new keys, check results and HTML pages.

Each module reads the files, calls the core, and returns what to write or print; the command line asks the user and
prints. What a user types into a cassette is redacted under the key at hand, as in a recording.
Read first: edit_files.
May import: catalog, core.aws, core.cassette, core.check, core.editing, core.redaction, core.synthesis, core.text,
core.view, errors, files, progress.
"""
