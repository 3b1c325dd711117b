"""The page itself: sections in their order, put into the template."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from dcgraph import __version__
from dcgraph.errors import RequestError
from dcgraph.report import (
    alphabet,
    architecture,
    classes,
    likelihood,
    outliers,
    overview,
    provenance,
    samples,
    training,
)
from dcgraph.report.subject import Subject

if TYPE_CHECKING:
    from jinja2 import Environment

SECTIONS: dict[str, ModuleType] = {
    "graph": architecture,
    "training": training,
    "alphabet": alphabet,
    "samples": samples,
    "likelihood": likelihood,
    "outliers": outliers,
    "classes": classes,
    "provenance": provenance,
}
"""From a section's id, and its template's name, to the module that says what stands in it."""


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes
    ----------
    id, title : str
    content : mapping
        What its template shows; empty where there is a note.
    note : str
        Why there is nothing to show, and what helps; "" where there is.
    """

    id: str
    title: str
    content: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Page:
    """A finished page.

    Attributes
    ----------
    html : str
    notes : dict of str to str
        For each section's id, why it has nothing to show; "" where it has.
    """

    html: str
    notes: dict[str, str]


def render(subject: Subject, *, file: str, live: bool = False) -> Page:
    """Return the page of a model; the same subject makes the same page.

    Parameters
    ----------
    file : str
        The model's file, as it is named on the page.
    live : bool
        Whether the page asks the server it comes from for its successor.
    """
    sections = [_section(name, module, subject) for name, module in SECTIONS.items()]
    html = _filled(
        "page.html",
        live=live,
        name=subject.record.graph.name,
        file=file,
        state=overview.run_state(subject),
        figures=overview.figures(subject),
        sections=sections,
    )
    return Page(html, {section.id: section.note for section in sections})


def waiting(file: str, reason: str) -> str:
    """Return the page that stands in for that of a model whose file cannot be shown yet."""
    return _filled("waiting.html", live=True, name=file, file=file, reason=reason)


def _section(name: str, module: ModuleType, subject: Subject) -> Section:
    try:
        return Section(name, module.TITLE, module.content(subject))
    except RequestError as error:  # it does not apply, or needs what is not there: the page says so
        note = str(error)
        return Section(name, module.TITLE, note=f"{note[:1].upper()}{note[1:].rstrip('.')}.")


def _filled(template: str, *, live: bool, **content: Any) -> str:
    environment = _environment()
    scripts = [_asset("page.js"), *([_asset("live.js")] if live else [])]
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    # nothing is fetched, even if a name in a model file should try; a live page asks its own server
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {hashes}"
        + ("; connect-src 'self'" if live else "")
    )
    return environment.get_template(template).render(
        **content,
        live=live,
        version=__version__,
        policy=policy,
        style=Markup(_asset("style.css")),
        scripts=[Markup(script) for script in scripts],
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("dcgraph.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _asset(name: str) -> str:
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _digest(script: str) -> str:
    return b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
