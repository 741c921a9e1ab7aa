"""Mirrors the package; golden/ holds the references' own numbers."""
