"""The writer of mdoc: sentences to lines, escapes, lists."""

import pytest

from man.build import mdoc


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("One. Two.", ["One.", "Two."]),
        ('He "says". So', ["He \\(dqsays\\(dq.", "So"]),
        ("a\\b", ["a\\eb"]),
        (".x", ["\\&.x"]),
        ("see --as-is, a well-known way", ["see \\-\\-as\\-is, a well-known way"]),
        ("x " * 60, ["x " * 38 + "x", "x " * 20 + "x"]),
    ],
)
def test_text(said, lines):
    assert list(mdoc.text(said)) == lines


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("wsprobe --json", "wsprobe \\-\\-json"),
        ("", "\\&"),
        (".x", "\\&.x"),
        ("`a` ^ ~", "\\(gaa\\(ga \\(ha \\(ti"),
    ],
)
def test_verbatim(line, shown):
    assert mdoc.verbatim(line) == shown


def test_references_stand_by_section_and_name():
    assert list(mdoc.references("b(7)", "c(1)", "a(1)")) == [
        ".Sh SEE ALSO",
        ".Xr a 1 ,",
        ".Xr c 1 ,",
        ".Xr b 7",
    ]


def test_a_tag_is_never_a_macro():
    assert list(mdoc.tagged([("No", "x")])) == [".Bl -tag -width Ds", '.It "No"', "x", ".El"]
