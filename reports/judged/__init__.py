"""The leaderboard of judged texts: terminal, Markdown, JSON, a page."""
