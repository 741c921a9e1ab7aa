"""What MkDocs is told while it builds: pages made from the code, folders in the navigation, links of the repository.

`make docs` runs it; nothing here is imported by dynres.
"""

from __future__ import annotations

import os
import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # MkDocs loads this file by its path, from outside the package

PROJECT = {
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "benchmarks/RESULTS.md": "project/benchmark.md",
    "samples/README.md": "project/samples.md",
}
"""Pages of the repository that lie outside docs/, and where they are in the site."""
README = "README.md"
LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<target>[^)\s]+)\)")
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is generated, then spell out the folders of the navigation."""
    from docs.generate import reference  # noqa: PLC0415 - needs the path set above

    for path, text in reference.pages().items():
        files.append(File.generated(config, path, content=text))
    for source, path in PROJECT.items():
        if (ROOT / source).is_file():
            files.append(File.generated(config, path, content=(ROOT / source).read_text("utf-8")))
    for image in sorted((ROOT / "benchmarks").glob("*.png")):
        files.append(File.generated(config, f"project/{image.name}", abs_src_path=str(image)))
    if config.nav is not None:
        config.nav = list(_spelled_out(config.nav, files))
    return files


def _spelled_out(nav: list[Any], files: Files) -> Iterator[Any]:
    """The navigation with every folder replaced by its pages; an empty folder leaves nothing behind."""
    for entry in nav:
        if isinstance(entry, str) and entry.endswith("/"):
            yield from _pages_of(entry, files)
        elif isinstance(entry, dict):
            for title, inside in entry.items():
                found = [inside] if isinstance(inside, str) else inside
                pages = list(_spelled_out(found, files))
                if pages and pages != [inside]:
                    yield {title: pages}
                elif pages:
                    yield {title: inside}
        else:
            yield entry


def _pages_of(folder: str, files: Files) -> list[str]:
    """A folder's own pages: its README or index first, then by title."""
    found = {
        file.src_uri: _title(file)
        for file in files.documentation_pages()
        if posixpath.dirname(file.src_uri) + "/" == folder
    }
    if folder == "reference/commands/":
        return [uri for uri in found if not uri.endswith("/index.md")]  # as the help lists them
    return sorted(found, key=lambda uri: (not uri.endswith(("/README.md", "/index.md")), found[uri].lower()))


def _title(file: File) -> str:
    heading = TITLE.search(file.content_string)
    return heading[1] if heading else file.name


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs' signature
    """Links that fit the repository made to fit the site; what the site does not hold becomes plain text."""
    places = {path: source for source, path in PROJECT.items()}
    here = places.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def fitted(found: re.Match[str]) -> str:
        target, hash_, anchor = found["target"].partition("#")
        if not target or ":" in target:
            return found[0]
        place = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        inside = _in_site(place, files)
        if inside is not None:
            return f"{found['text']}({_relative(inside, page.file.src_uri)}{hash_}{anchor})"
        if (ROOT / place).exists():
            return found["text"].strip("![]")
        return found[0]  # MkDocs says that it leads nowhere

    return LINK.sub(fitted, markdown)


def _in_site(place: str, files: Files) -> str | None:
    """Where the site has a file of the repository."""
    if place == README:
        return "index.md"
    if place in PROJECT:
        return PROJECT[place]
    if place.startswith("benchmarks/") and place.endswith(".png"):
        place = place.replace("benchmarks/", "docs/project/", 1)
    inside = place.removeprefix("docs/")
    return inside if inside != place and files.get_file_from_path(inside) is not None else None


def _relative(target: str, page: str) -> str:
    return os.path.relpath(target, posixpath.dirname(page) or ".")
