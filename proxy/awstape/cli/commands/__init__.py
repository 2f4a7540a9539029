"""The commands of `awstape`, a module each. The docstring of its function is the help text of the command."""
