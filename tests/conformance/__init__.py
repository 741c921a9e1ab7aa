"""Compares dynres with the references' own processors, in environments of its own that have torch."""
