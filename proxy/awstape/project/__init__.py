"""What a project has around its cassettes: a diagnosis of its surroundings, and its first files.

`diagnosis` examines what recording and replay depend on, `first_files` writes settings, hooks and a first test.
Read first: diagnosis.
May import: catalog, core.cassette, core.redaction, core.text, errors, files, program, proxying, workbench.
"""
