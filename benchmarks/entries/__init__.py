"""The table's entries, by what they ask for: one tuple a file."""
