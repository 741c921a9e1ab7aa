"""dynres: the exact tiles, tensors and token counts that a vision-language model is fed."""

__version__ = "0.1.0"
