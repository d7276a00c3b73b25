"""What carries out units: one small file each."""
