"""Pictures and charts as text inside the page: they take the page's colours, light or dark."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from dcgraph.graph.graph import CONTROL, FORWARD
from dcgraph.pictures import graph
from dcgraph.pictures.grid import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, SURFACE = "#0a0b0c", "#f0f1f2"
SERIES = ("#1f77b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#8c6d31")
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (9, 3)), (0, (1, 2.5)))
NOT_DRAWN = re.compile(r"\s*<metadata>.*?</metadata>|\s*<style.*?</style>|<!--.*?-->", re.DOTALL)
VARIABLES = {
    INK: "--ink",
    SURFACE: "--surface",
    **{colour: f"--series-{i}" for i, colour in enumerate(SERIES)},
    graph.DENSITY: "--density",
    graph.CLASSIFYING: "--classifying",
    graph.ENTRY: "--entry",
    graph.OTHER: "--other",
    graph.BORDER: "--border",
    graph.EDGE[FORWARD]: "--ink",
    graph.EDGE[CONTROL]: "--control",
    "#b0b0b0": "--line",  # of matplotlib's grids
    "#b2b2b2": "--line",
}
"""From a colour a chart is drawn in to the variable of the page's style sheet it becomes."""


@contextmanager
def theme() -> Iterator[None]:
    """Draw charts whose colours the page can replace, and whose lines differ without colour."""
    import matplotlib as mpl
    from cycler import cycler

    coloured = dict.fromkeys(
        [
            "text.color",
            "axes.edgecolor",
            "axes.labelcolor",
            "axes.titlecolor",
            "xtick.color",
            "ytick.color",
            "hatch.color",
        ],
        INK,
    )
    settings: dict[Any, Any] = {
        **coloured,
        "axes.prop_cycle": cycler(color=SERIES) + cycler(linestyle=DASHES),
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.facecolor": "none",
        "font.size": 9,
        "legend.facecolor": SURFACE,
        "legend.edgecolor": "none",
        "svg.fonttype": "none",  # letters stay letters: small, and they can be read aloud
        "svg.hashsalt": "dcgraph",  # the same chart has the same names inside
    }
    with mpl.rc_context(settings):
        yield


def chart(figure: Figure, name: str, description: str) -> Markup:
    """Return a figure as an SVG element.

    Parameters
    ----------
    figure : Figure
        Made, and handed over, within `theme`.
    name : str
        Unique on the page: what the element's ids begin with.
    description : str
        What the chart shows, for those who do not see it.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(["Creator", "Date", "Format", "Type"])
    figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg ") :]
    text = NOT_DRAWN.sub("", text)
    text = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub(
        r"#[0-9a-f]{6}\b",
        lambda found: f"var({VARIABLES[found[0]]})" if found[0] in VARIABLES else found[0],
        text,
    )
    # letters are the page's
    text = re.sub(r"font: ([0-9.]+)px [^;\"]*", r"font-size: \1px", text)
    # the view box says the shape; how large it is drawn is for the page to say
    width = float(re.search(r'width="([0-9.]+)pt"', text)[1])  # type: ignore[index]
    text = re.sub(r'( (width|height)="[0-9.]+pt")', "", text, count=2)
    head = f'<svg role="img" aria-label="{escape(description)}" style="--width: {width:.0f}pt" '
    return Markup(head + text.removeprefix("<svg "))


def data_uri(picture: Picture) -> str:
    """Return a picture as a PNG that is its own address."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


@dataclass(frozen=True)
class Embedded:
    """A picture inside the page.

    Attributes
    ----------
    uri : str
    width, height : int
        How large it is shown, in pixels of the screen; narrower screens shrink it.
    """

    uri: str
    width: int
    height: int


def embedded(picture: Picture) -> Embedded:
    """Return a picture to be shown as large as it is."""
    return Embedded(data_uri(picture), picture.shape[1], picture.shape[0])
