"""What votes are counted by: answer → key, one small file a kind of answer."""
