"""Several machines by Ray (decision 0017): the door to it, what machines are asked before they get work, files."""
