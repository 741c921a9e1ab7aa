"""Small pieces of text that every report shares: safe names, sizes and counts a person can read."""

from __future__ import annotations


def safe(name: str) -> str:
    """A name that cannot steer a terminal or break a line: what is not printable is shown as an escape."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)


def count(number: int, noun: str) -> str:
    """`1 tile`, `2 tiles`, `1,234 tiles`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def file_size(number: float) -> str:
    """Bytes in decimal units, three figures: 950 B, 81.2 kB, 1.25 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} B" if unit == "B" else f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def duration(seconds: float) -> str:
    """`3.2 s`, `4 min 10 s`, `2 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds) // 60
    if minutes < 60:
        return f"{minutes} min {round(seconds) % 60:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(value: float, most: float, width: int) -> str:
    """A bar of up to `width` characters, exact to an eighth of one; what is there at all is seen."""
    eighths = min(max(round(8 * width * value / most), 1), 8 * width) if value > 0 else 0
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8]).rstrip()
