"""Damaged files of every kind: a reader reads what was written, or refuses with an error of this library."""
