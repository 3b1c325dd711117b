"""What an HTML page is made of, and whether it holds to the rules of accessible pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "link", "img", "br", "hr", "input"}
REFERENCES = ("aria-labelledby", "aria-controls", "aria-describedby", "for")


@dataclass
class Element:
    """An element: its name, its attributes, and the text right inside."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    inside: list[Element] = field(default_factory=list)

    def all(self, *names: str) -> list[Element]:
        """Return the elements of these names inside, in their order; without names, all."""
        found = []
        for each in self.inside:
            found += [each, *each.all()]
        return [each for each in found if not names or each.name in names]

    def words(self) -> str:
        """Return all text inside, spaces made one."""
        parts = [self.text, *(each.words() for each in self.inside)]
        return " ".join(" ".join(parts).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        made = Element(tag, {name: value or "" for name, value in attrs})
        assert len(made.attributes) == len(attrs), f"<{tag}> has an attribute twice"
        self.open[-1].inside.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open[-1].name == tag, f"</{tag}> closes <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].text += data


def read(html: str) -> Element:
    """Return the page as a tree; every element must be closed in its turn."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [reader.root], f"<{reader.open[-1].name}> is never closed"
    return reader.root


def faults(page: Element) -> list[str]:
    """Return what keeps people from using a page, and what it would fetch."""
    found = []
    elements = page.all()
    ids = [each.attributes["id"] for each in elements if "id" in each.attributes]
    found += [f"id {name} stands twice" for name in set(ids) if ids.count(name) > 1]
    for each in elements:
        for name in REFERENCES:
            if name in each.attributes and each.attributes[name] not in ids:
                found.append(f"{name} of <{each.name}> names nothing: {each.attributes[name]}")
        for name in ("src", "href", "xlink:href", "action", "data", "srcset"):
            value = each.attributes.get(name, "#")
            if not value.startswith(("#", "data:")):
                found.append(f"<{each.name} {name}> fetches {value[:60]}")
            elif value.startswith("#") and len(value) > 1 and value[1:] not in ids:
                found.append(f"<{each.name} {name}> leads nowhere: {value}")
        if each.name == "img" and len(each.attributes.get("alt", "").split()) < 2:
            found.append(f"an image has no description: {each.attributes.get('alt')!r}")
        if each.name == "svg" and not each.attributes.get("aria-label"):
            found.append("a chart has no description")
        if each.name == "table":
            found += ["a table has no caption"] if not each.all("caption") else []
            found += ["a table has a header without scope"] * any(
                "scope" not in cell.attributes for cell in each.all("th")
            )
        if each.attributes.get("role") == "region" and "aria-label" not in each.attributes:
            found.append("a region has no name")
    levels = [int(each.name[1]) for each in page.all("h1", "h2", "h3", "h4")]
    if levels[:1] != [1] or levels.count(1) != 1:
        found.append("a page begins with its one h1")
    found += [f"h{b} follows h{a}" for a, b in pairwise(levels) if b > a + 1]
    return found
