"""Generates the index of all services from botocore's data: `make index` writes it."""

from __future__ import annotations

from awstape.catalog.botocore_data import available_services
from awstape.catalog.service_index import FILE, make_row, write_index

if __name__ == "__main__":
    FILE.write_text(write_index(map(make_row, available_services())))
