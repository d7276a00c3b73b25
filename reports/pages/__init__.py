"""Pages for a browser: one file each, nothing fetched, works from disk."""
