"""The writer of mdoc: sentences to lines, escapes, lists."""

from man.build import mdoc


def test_references_stand_by_section_and_name():
    assert list(mdoc.references("b(7)", "c(1)", "a(1)")) == [
        ".Sh SEE ALSO",
        ".Xr a 1 ,",
        ".Xr c 1 ,",
        ".Xr b 7",
    ]


def test_a_tag_is_never_a_macro():
    assert list(mdoc.tagged([("No", "x")])) == [".Bl -tag -width Ds", '.It "No"', "x", ".El"]
