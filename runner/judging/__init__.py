"""The verbs of judging: candidates out to judges, scores back to the ledger."""
