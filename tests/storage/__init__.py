"""Storage that is not a folder: object stores, archives, tables."""
