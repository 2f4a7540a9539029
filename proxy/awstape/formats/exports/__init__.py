"""The formats that `awstape export` writes, a module each, and what their writers share."""

#: The names of the formats, and of their modules.
FORMATS = ("awscli", "har", "stubber", "vcr")
