"""Keeps the lists of facts in docs/strategies.md, and the words that stand for its drawings, as the registry has them.

Run from the repository's root: python -m docs.generate.families
"""

from __future__ import annotations

import re
from pathlib import Path

from docs.generate.figures import subject
from docs.generate.presets import UNCONFIRMED, policy
from dynres_cli.operations.describing import EXAMPLE, Description, described

PAGE = Path(__file__).parents[2] / "docs" / "strategies.md"
FACTS = re.compile(r"<!-- facts: (\w+) -->\n.*?<!-- end -->\n", re.DOTALL)
FIGURE = re.compile(r"!\[[^\]]*\]\(images/families/(\w+)\.webp\)")


def current(text: str) -> str:
    """The page with every list of facts as it should be."""
    found = FACTS.sub(lambda each: f"<!-- facts: {each[1]} -->\n\n{facts(each[1])}\n<!-- end -->\n", text)
    return FIGURE.sub(lambda each: f"![{_alternative(each[1])}](images/families/{each[1]}.webp)", found)


def families(text: str) -> list[str]:
    """The families that the page has facts of, in its order."""
    return [each[1] for each in FACTS.finditer(text)]


def facts(family: str) -> str:
    """What the registry says of a family and its presets."""
    found = [each for each in described() if each.strategy == family]
    first = found[0]
    presets = ", ".join(f"`{each.preset}`{'' if each.confirmed else '?'} ({each.models})" for each in found)
    lines = [
        f"**Presets:** {presets}",
        f"**Rule:** {first.rule}; aspect {'kept' if first.keeps_aspect else 'squashed'}; overview {first.overview}",
        f"**A picture of {EXAMPLE}:** {'; '.join(_costs(found))}",
        f"**Pixels:** {'; '.join(_policies(found))}",
        f"**Reference:** {first.reference}; proved {_proofs(found)}",
    ]
    open_points = {each.preset: UNCONFIRMED[each.preset] for each in found if not each.confirmed}
    lines += [f"**Unconfirmed:** {'; '.join(_shared(open_points))}"] if open_points else []
    return "".join(f"* {line}\n" for line in lines)


def _costs(found: list[Description]) -> list[str]:
    """What presets make of the example; those that make the same share a phrase."""
    return _shared({each.preset: f"grid {each.grid}, {each.total} views, {each.tokens:,} tokens" for each in found})


def _policies(found: list[Description]) -> list[str]:
    return _shared({each.preset: policy(each.pixels).removeprefix("Pixels: ").rstrip(".") for each in found})


def _proofs(found: list[Description]) -> str:
    return "; ".join(_shared({each.preset: each.proof for each in found}))


def _shared(phrases: dict[str, str]) -> list[str]:
    """Each phrase once, with the presets that it holds for where it does not hold for all."""
    every = list(dict.fromkeys(phrases.values()))
    if len(every) == 1:
        return every
    return [f"{phrase} ({', '.join(f'`{name}`' for name in phrases if phrases[name] == phrase)})" for phrase in every]


def _alternative(family: str) -> str:
    chosen = subject(family)
    return f"{chosen.sample} as {chosen.settings} cuts it"


def main() -> None:
    """Bring the page up to date."""
    PAGE.write_text(current(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
