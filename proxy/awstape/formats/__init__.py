"""Reads recordings that other tools made, and writes cassettes in the formats of other tools.

Importing turns files into exchanges and gives them to a `Recorder`; exporting turns the pages of a cassette into the
requests and responses that replay would exchange. A format is a module, and a name in the list of its folder.
Read first: importing, exporting.
May import: catalog, core.aws, core.cassette, core.recording, core.text, core.view, errors, files, proxying.
"""
