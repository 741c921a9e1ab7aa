"""The fast resizer: Pillow's pixels, bit for bit, from compiled code.

Importing this package is cheap. `driver` loads the machine code when the first picture is resized; numba is needed only
to make that code, once on a machine; `cache` says whether it is there.
"""
