"""Shared by commands: parameters, output, progress, and the tables and trees of `ls` and `show`."""
