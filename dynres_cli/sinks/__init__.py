"""Where views and tensors go: one file a format."""
