"""The formats that `awstape export` writes, a module each, and what their writers share."""
