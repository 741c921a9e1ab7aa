"""What the commands do, apart from reading options and printing."""
