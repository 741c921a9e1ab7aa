"""What a user may rely on, proved from outside on the installed command: docs/guarantees.md lists it."""
