"""The formats that `awstape import` reads, a module each, and what their readers share."""

#: The names of the formats, and of their modules, in the order in which a file is tried.
FORMATS = ("mitmproxy", "har", "vcr", "cassetter", "placebo", "stubber")
