"""``report.html``: everything that a run found, in one file that needs no network."""

from spintronics.report.html.page import page_of, write_page

__all__ = ["page_of", "write_page"]
