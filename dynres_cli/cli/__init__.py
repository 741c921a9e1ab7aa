"""The command line: options become a Job, a run becomes an exit status."""
