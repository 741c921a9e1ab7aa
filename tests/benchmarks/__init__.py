"""Tests of the benchmark's own scripts."""
