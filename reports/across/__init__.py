"""``rich-report``: all runs under a folder on one page, and as Markdown."""
