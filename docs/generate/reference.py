"""All pages of the reference, by their path in the site; made when the site is built, never stored."""

from __future__ import annotations

from docs.generate import codes, commands, manifest, presets, python_api


def pages() -> dict[str, str]:
    """Each page's Markdown."""
    return {
        **{f"reference/{path}": text for path, text in commands.pages().items()},
        "reference/presets.md": presets.page(),
        "reference/codes.md": codes.page(),
        "reference/manifest.md": manifest.page(),
        "reference/python.md": python_api.page(),
    }
