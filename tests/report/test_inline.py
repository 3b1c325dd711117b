from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from dcgraph.report.inline import SERIES, VARIABLES, chart, data_uri, theme


def drawn(name="a", description="what it shows"):
    with theme():
        figure = Figure(figsize=(3, 2), layout="constrained")
        axes = figure.subplots()
        for i in range(len(SERIES)):
            axes.plot([0, 1], [i, i + 1], label=f"line {i}")
        axes.grid(visible=True)
        axes.legend()
        return chart(figure, name, description)


def test_a_chart_is_one_element_whose_ids_begin_with_its_name():
    root = ElementTree.fromstring(drawn("first"))
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert ids
    assert all(name.startswith("first-") for name in ids)
    assert set(ids).isdisjoint(
        each.get("id") for each in ElementTree.fromstring(drawn("second")).iter() if each.get("id")
    )
    used = [each.get("{http://www.w3.org/1999/xlink}href") for each in root.iter()]
    assert {name[1:] for name in used if name} <= set(ids)


def test_every_colour_is_a_variable_of_the_page():
    text = drawn()
    assert not [colour for colour in VARIABLES if colour in text]
    for i in range(len(SERIES)):
        assert f"var(--series-{i})" in text
    assert "var(--ink)" in text


def test_lines_differ_without_colour():
    root = ElementTree.fromstring(drawn())
    styles = [each.get("style", "") for each in root.iter()]
    dashes = {
        i: {
            style.partition("stroke-dasharray: ")[2].partition(";")[0]
            for style in styles
            if f"stroke: var(--series-{i})" in style
        }
        for i in range(len(SERIES))
    }
    patterns = [frozenset(found) for found in dashes.values()]
    assert len(set(patterns)) == len(SERIES)


def test_the_same_chart_is_the_same_text_and_has_no_date_or_style():
    text = drawn()
    assert text == drawn()
    assert "<metadata" not in text
    assert "<style" not in text
    assert ">line 0<" in text  # letters stay letters


def test_a_description_is_text():
    root = ElementTree.fromstring(drawn(description='a < b & "c"'))
    assert root.get("aria-label") == 'a < b & "c"'
    assert root.get("role") == "img"


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3)])
def test_a_picture_comes_back_from_its_address(rng, shape):
    import base64
    import io

    picture = rng.integers(0, 256, shape, dtype=np.uint8)
    content = base64.b64decode(data_uri(picture).partition(",")[2])
    with Image.open(io.BytesIO(content)) as found:
        np.testing.assert_array_equal(np.asarray(found), picture)
