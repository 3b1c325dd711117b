"""The page as text: what it is made of, whom it serves, what it never does."""

import base64
import hashlib
import io
import re
from dataclasses import replace

import pytest
from markup import faults, read
from model_files import tiny_record
from PIL import Image
from report_subjects import subject_of

from dcgraph.model import Model
from dcgraph.plugin.load import plugins_from
from dcgraph.report.page import SECTIONS, render, waiting
from dcgraph.report.subject import Subject, Wanted

MODELS = ("outliers", "classes", "branches")


@pytest.fixture(scope="module")
def pages(subjects):
    return {name: render(subject, file="model.h5") for name, subject in subjects.items()}


@pytest.mark.parametrize("name", MODELS)
def test_a_page_is_sound_accessible_and_fetches_nothing(pages, name):
    html = pages[name].html
    assert faults(read(html)) == []
    addresses = set(re.findall(r"https?://[^\"' )]*", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"url\((?!#)|@import|@font-face", html)
    assert len(html) < 3e6


@pytest.mark.parametrize("name", MODELS)
def test_the_same_model_makes_the_same_page(pages, subjects, name):
    again = subject_of(Model(subjects[name].record))
    assert render(again, file="model.h5").html == pages[name].html


def test_another_seed_makes_another_page(pages, models):
    other = subject_of(models["outliers"], Wanted(samples=9, images=200, seed=4))
    assert render(other, file="model.h5").html != pages["outliers"].html


def test_every_section_stands_under_its_heading(pages):
    page = read(pages["outliers"].html)
    sections = page.all("section")
    assert [each.attributes["id"] for each in sections] == list(SECTIONS)
    for each, module in zip(sections, SECTIONS.values(), strict=True):
        assert each.all("h2")[0].words() == module.TITLE
    (nav,) = page.all("nav")
    assert [link.attributes["href"][1:] for link in nav.all("a")] == list(SECTIONS)
    assert [each.name for each in page.all("header", "nav", "main", "footer")] == [
        "header",
        "nav",
        "main",
        "footer",
    ]


def test_what_does_not_apply_is_said_in_a_line(pages):
    assert "has no classifier" in pages["outliers"].notes["classes"]
    assert "No outliers are known" in pages["classes"].notes["outliers"]
    shown = {name for name, note in pages["outliers"].notes.items() if not note}
    assert shown == set(SECTIONS) - {"classes"}
    for name in MODELS:
        notes = [each.words() for each in read(pages[name].html).all("p")]
        assert {note for note in pages[name].notes.values() if note} <= set(notes)


def test_without_test_images_the_rest_stands_and_the_reason_is_given(subjects):
    alone = replace(subjects["classes"], examined="put the files there")
    page = render(alone, file="model.h5")
    missing = {name for name, note in page.notes.items() if "put the files there" in note}
    assert missing == {"likelihood", "outliers", "classes"}
    assert faults(read(page.html)) == []


def test_a_run_that_has_only_begun_has_a_page():
    record = tiny_record()
    record.history, record.metrics, record.provenance, record.calibration = {}, {}, {}, {}
    record.complete, record.step = False, 0
    subject = Subject(Model(record), plugins_from([]), Wanted(samples=4), "none here")
    page = render(subject, file="running.h5", live=True)
    assert "no node has begun" in page.notes["training"]
    tree = read(page.html)
    (bar,) = tree.all("progress")
    assert (bar.attributes["value"], bar.attributes["max"]) == ("0", "20")
    assert faults(tree) == []


def test_names_are_text_whatever_they_hold(subjects):
    page = render(subjects["classes"], file='<script>alert(1)</script>&".h5')
    assert "<script>alert" not in page.html
    assert faults(read(page.html)) == []


@pytest.mark.parametrize("live", [False, True])
def test_only_the_pages_own_scripts_may_run_and_only_a_live_page_asks(subjects, live):
    tree = read(render(subjects["classes"], file="model.h5", live=live).html)
    policy = next(
        each.attributes["content"]
        for each in tree.all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    scripts = [each.text for each in tree.all("script")]
    assert len(scripts) == 1 + live
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    assert f"script-src {allowed}" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert ("connect-src 'self'" in policy) == live


def test_every_picture_can_be_opened(pages):
    for page in pages.values():
        for image in read(page.html).all("img"):
            head, _, content = image.attributes["src"].partition(",")
            assert head == "data:image/png;base64"
            with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
                picture.load()


def test_the_graph_is_drawn_with_every_edge_of_both_kinds(pages, models):
    for name, model in models.items():
        ids = {each.attributes.get("id") for each in read(pages[name].html).all("g")}
        edges = {f"graph-{kind}:{u}:{v}" for u, v, kind in model.graph.edges.edges(keys=True)}
        assert len(edges) > len(model.graph.nodes)
        assert edges <= ids


def test_where_there_is_no_model_yet_a_page_says_so():
    page = read(waiting("runs/<new>.h5", "There is none yet."))
    assert faults(page) == []
    assert "runs/<new>.h5" in page.all("h1")[0].words()
    assert "There is none yet." in page.words()
