"""Sweeps: a plan file → cells → units, done one after the other, or on many machines, by executors."""
