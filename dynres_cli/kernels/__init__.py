"""The fast resizer: Pillow's pixels, bit for bit, from compiled code.

Importing this package is cheap. numba is loaded by `driver` alone, when the first picture is resized; `cache` says
whether that would find everything compiled.
"""
