"""As many sockets as URLs are asked at once: allowed, or refused before the lack is a fault of servers."""

import errno
import os
import resource

import click
import pytest

from wsprobe.cli.lists import allow
from wsprobe.cli.main import failed
from wsprobe.report.outcome import Exit

ENDLESS = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "parallel", "then"),
    [
        (1024, 4096, 8, None),
        (1024, 4096, 252, None),
        (1024, 4096, 253, 1028),
        (1024, 4096, 1000, 4016),
        (1024, 2000, 1000, 2000),
        (1024, ENDLESS, 1000, 4016),
        (ENDLESS, ENDLESS, 1000, None),
    ],
)
def test_more_is_asked_for_where_it_is_needed(soft, hard, parallel, then, monkeypatch):
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda of: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda of, limits: asked.append((of, limits)))
    allow(parallel)
    assert asked == ([] if then is None else [(resource.RLIMIT_NOFILE, (then, hard))])


@pytest.mark.parametrize("raised", [None, ValueError, OSError])
def test_what_cannot_be_is_said_before(raised, monkeypatch):
    def setrlimit(of, limits):
        if raised is not None:
            raise raised

    monkeypatch.setattr(resource, "getrlimit", lambda of: (100, 100))
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    allow(84)
    with pytest.raises(
        click.UsageError, match="85 URLs at the same time need about 101 open files, and the limit is 100"
    ):
        allow(85)


def test_where_even_the_program_has_no_files_it_is_no_bug(capsys):
    error = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    assert failed(ExceptionGroup("g", [error])) == Exit.USAGE
    assert capsys.readouterr().err == "wsprobe: Too many open files: ulimit -n shows the limit\n"
