"""The command line: one function for each command, and what they share to talk to the user.

A command parses its arguments, calls other wings, and prints the result. Its imports are inside the functions, so that
each command loads only what it needs.
Read first: main, commands.record.
May import: catalog, clock, core.aws, core.cassette, core.compare, core.editing, core.recording,
core.replay, core.text, core.view, errors, files, formats, opening, program, progress, project, proxying, recovery,
report, serving, tape, workbench.
"""
