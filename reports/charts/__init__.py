"""Charts: pure functions that make Vega specifications out of rows, and one file that has them drawn."""
