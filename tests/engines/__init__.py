"""Engines, from outside and from inside."""
