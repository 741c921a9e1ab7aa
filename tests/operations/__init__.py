"""Operations on a finished output."""
