"""The commands of `awstape`, by topic. Each docstring is the help text of its command."""
