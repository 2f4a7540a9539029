"""The formats that `awstape import` reads, a module read_items, and what their readers share."""
