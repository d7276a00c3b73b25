"""Judging by rubric: the rubric's file, the file a judge fills in, and the key that stays here."""
