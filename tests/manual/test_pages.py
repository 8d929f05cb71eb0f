"""The committed pages are what the data makes, and mandoc has nothing to say against them;
wsprobe-browsers(7) is the short of browsers.md, which has every scenario in which views differ."""

import html
import os
import re
import shutil
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from man.build import PAGES, SAMPLES, TABLES, engines, page, sample, table
from man.build.views import CATALOGUE, floods, grouped, said, views
from wsprobe import explain
from wsprobe.browsers import RUNTIMES
from wsprobe.trace.audit import WEAKNESSES
from wsprobe.trace.conclusions import RULES

MAN = Path(__file__).parents[2] / "man"
STALE = "python -m man.build writes it"
NO_MANDOC = shutil.which("mandoc") is None and not os.environ.get("CI")


def committed(name):
    """The page as it stands; test_committed_page_is_current holds that it is what is made now."""
    return (MAN / name).read_text("ascii")


def long_for(name, *names):
    """It is worked out from each view of each scenario."""
    return [pytest.param(each, marks=pytest.mark.all_cases) if each == name else each for each in names]


@pytest.mark.parametrize("name", long_for("wsprobe-browsers.7", *PAGES))
def test_committed_page_is_current(name):
    assert committed(name) == page(name), STALE


@pytest.mark.parametrize("name", [name for name in SAMPLES if name.startswith("sample")])
def test_committed_sample_is_current(name):
    assert (MAN / name).read_text("utf-8") == sample(name), STALE


@pytest.mark.parametrize("name", long_for("browsers.md", *TABLES))
def test_committed_table_is_current(name):
    assert (MAN / name).read_text("utf-8") == table(name), STALE


@pytest.mark.programs
def test_committed_completions_are_current():
    """Ours of bash, to the letter; those of zsh and fish are click's, and change with its version."""
    assert (MAN / "completions/wsprobe.bash").read_text("utf-8") == sample("completions/wsprobe.bash")
    for name, shell in (("_wsprobe", "zsh"), ("wsprobe.fish", "fish")):
        for text in ((MAN / "completions" / name).read_text("utf-8"), sample(f"completions/{name}")):
            assert f"_WSPROBE_COMPLETE={shell}_complete" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pictures/terminal.svg", {"HTTP/1.1 403 Forbidden", "refused 403"}),
        (
            "pictures/sockets.svg",
            {"HTTP/1.1 403 Forbidden", "the script saw", "wsprobe page https://app.example/"},
        ),
    ],
)
def test_a_picture_says_what_the_program_says_and_loads_nothing(name, words):
    """Word for word; how rich draws them is rich's, and changes with its version."""
    kept, now = (
        [html.unescape(each) for each in re.findall(r"<text class=\"wsprobe-r[^>]*>([^<]*)</text>", svg)]
        for svg in ((MAN / name).read_text("utf-8"), sample(name))
    )
    assert kept == now
    assert words <= {each.replace("\xa0", " ") for each in now}
    assert not re.search(r"url\((?!#)|href=", sample(name))


def test_each_conclusion_and_weakness_of_a_trace_is_listed_and_explained():
    made = page("wsprobe-conclusions.7")
    rules = [("cause", rule.id) for rule in RULES if rule.id]
    for kind, id in [*rules, *(("weakness", each.id) for each in WEAKNESSES)]:
        assert f'.It "{id}"' in made
        topic = explain.find(f"{kind} {id}")
        assert topic.kind == kind
        assert "what to do" in dict(topic.facts)


def test_no_page_is_committed_that_nothing_makes():
    assert sorted(path.name for path in MAN.glob("*.[1-9]")) == sorted(PAGES)


@pytest.mark.programs
@pytest.mark.skipif(NO_MANDOC, reason="mandoc is not installed")
@pytest.mark.parametrize("name", PAGES)
def test_mandoc_has_nothing_to_say(name):
    done = subprocess.run(
        ["mandoc", "-Tlint", "-Wstyle", name], cwd=MAN, capture_output=True, text=True, timeout=60
    )
    # Whether a page that is referred to can be found depends on what is installed.
    said = [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]
    assert said == []


@pytest.mark.parametrize("name", PAGES)
def test_references_between_our_pages_lead_somewhere(name):
    for line in committed(name).splitlines():
        if line.startswith(".Xr wsprobe"):
            _, other, section, *_ = line.split()
            assert f"{other}.{section}" in PAGES


def test_the_wheel_puts_every_page_where_man_looks():
    project = tomllib.loads((MAN.parent / "pyproject.toml").read_text("utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    for name in PAGES:
        assert shared[f"man/{name}"] == f"share/man/man{name[-1]}/{name}"
    for name in TABLES:
        assert shared[f"man/{name}"] == f"share/doc/wsprobe/{name}"
    assert all((MAN.parent / source).exists() for source in shared)


def test_the_wheel_puts_completions_where_shells_look():
    project = tomllib.loads((MAN.parent / "pyproject.toml").read_text("utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert {place for source, place in shared.items() if "completions" in source} == {
        "share/bash-completion/completions/wsprobe",
        "share/zsh/site-functions/_wsprobe",
        "share/fish/vendor_completions.d/wsprobe.fish",
    }


HOUSE = (
    (MAN.parent / "wsprobe/README.md")
    .read_text("utf-8")
    .partition("## One term a thing")[2]
    .partition("\n## ")[0]
)
INSTEAD = [word for row in re.findall(r"(?m)^\|.*\|(.*)\|$", HOUSE) for word in re.findall("`(.*?)`", row)]
ABOUT_ENGINES = ("wsprobe-browsers.7", "wsprobe-history.7")


@pytest.mark.parametrize("name", [*PAGES, "README.md"])
def test_a_thing_has_the_one_term_of_the_table(name):
    assert "reader" in INSTEAD
    text = committed(name) if name in PAGES else (MAN.parent / name).read_text("utf-8")
    words = [word for word in INSTEAD if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)]
    assert not words or (name in ABOUT_ENGINES and words == ["engine"])


def test_a_version_in_the_changelog_is_read_in_five_minutes():
    """280 words a minute; what is more belongs in the manual."""
    newest = (MAN / "changelog.md").read_text("utf-8").split("\n## ")[1]
    assert len(newest.split()) <= 1400


def test_a_sentence_stands_once():
    """Of sentences of eight words and more at most one in ten stands in two places."""
    sentences = [each for name in PAGES for each in _sentences(committed(name))]
    several = {each for each, count in Counter(sentences).items() if count > 1}
    assert len(sentences) > 1000
    assert sum(each in several for each in sentences) < len(sentences) / 10


def _sentences(text):
    running = []
    for line in text.splitlines():
        if line.startswith((".", "'")):
            running = []
            continue
        running.append(line)
        if line.endswith((".", "?", ":")):
            words = " ".join(running).split()
            running = []
            if len(words) >= 8:
                yield " ".join(words)


@pytest.mark.all_cases
def test_every_scenario_in_which_views_differ_is_in_the_tables_once():
    rows = [line.split("`")[1] for line in table("browsers.md").splitlines() if line.startswith("| `")]
    asked = [
        name for name, scenario in CATALOGUE.items() if not floods(scenario) and len(grouped(views(name))) > 1
    ]
    assert len(asked) > 300
    assert sorted(rows[: len(asked)]) == sorted(asked)


def test_the_page_about_browsers_is_read_in_one_go():
    assert len((MAN / "wsprobe-browsers.7").read_text("ascii").split()) <= 1900


def test_each_runtime_is_described():
    assert {name.partition("@")[0] for name in engines.RUNTIMES} == {*RUNTIMES}, (
        "a line in man/build/engines.py"
    )


@pytest.mark.parametrize("names", [names for _, names in engines.AGREED])
def test_what_all_agree_on_they_agree_on(names):
    assert len({said(view) for name in names for view in views(name).values()}) == 1


@pytest.mark.parametrize("name", [name for _, name in engines.DIFFERENCES])
def test_where_they_differ_they_differ(name):
    assert len(grouped(views(name))) > 1
