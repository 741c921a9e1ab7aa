"""Mirrors dynres_cli/sinks."""
