"""Experiments followed elsewhere: MLflow; judging by rubric."""
