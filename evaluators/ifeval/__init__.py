"""IFEval's instructions, checked by rules: the 25 of the published data set, and nothing else."""
