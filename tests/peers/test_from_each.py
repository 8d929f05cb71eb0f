"""``--from-each`` with a real scheduler and real workers of Dask, on loopback; one is killed and comes back."""

from collections import Counter
from pathlib import Path

import pytest

from tests.peers.dask import SLOW, dask_cluster
from tests.peers.place import until
from tests.peers.program import ended, objects, started
from tests.peers.refusing import PATIENCE

pytestmark = pytest.mark.cluster


def from_each(cluster, *options):
    """The options of a call that asks from each place of *cluster*."""
    return ["--from-each", "--cluster", cluster.address, *options]


def test_a_row_a_url_and_a_column_a_place(two, refuser):
    done = ended("connect", *from_each(two, refuser.url("/same"), refuser.url("/first")))
    head, same, differs, why, total = done.stdout.splitlines()
    assert head.split() == ["here", "frankfurt", "tokyo", "URL"]
    assert same.split() == ["refused", "403"] * 3 + [refuser.url("/same")]
    assert sorted(differs.split()[1:6:2]) == ["403", "404", "404"]
    assert "the same address answered, 127.0.0.1" in why
    assert total == "1 of 2 URLs differs between 3 places"
    assert (done.returncode, done.stderr) == (1, "")


def test_a_line_a_url_and_place(two, refuser, validator, tmp_path):
    urls = [refuser.url(f"/{number}") for number in range(30)]
    (tmp_path / "urls").write_text("\n".join(urls) + "\nftp://h/\n")
    done = ended("connect", *from_each(two, "--json", f"@{tmp_path / 'urls'}"))
    reports = objects(done.stdout, validator)
    places = [None, "frankfurt", "tokyo"]
    assert [(each["url"], each.get("worker")) for each in reports] == [(u, p) for u in urls for p in places]
    assert refuser.asked == Counter({f"/{number}": 3 for number in range(30)})
    assert done.stderr.count("\n") == 1
    assert "line 31" in done.stderr
    assert done.returncode == 2


def test_what_a_script_sees_in_each_place(two, refuser, validator):
    done = ended(
        "compare", *from_each(two, "--browser", "chromium", "--json", refuser.url("/a"), refuser.url("/b"))
    )
    reports = objects(done.stdout, validator)
    places = [None, "frankfurt", "tokyo"]
    urls = [refuser.url("/a"), refuser.url("/b")]
    assert [(each["url"], each.get("worker")) for each in reports] == [(u, p) for u in urls for p in places]
    assert all(
        view["exchange"].get("worker") == each.get("worker") for each in reports for view in each["views"]
    )
    named = [title for group in reports[0]["tellable"]["chromium"]["groups"] for title in group]
    assert f"{urls[1]} from tokyo" in named
    assert (done.returncode, done.stderr) == (0, "")
    assert refuser.asked == Counter({"/a": 6, "/b": 6})


def test_how_answers_differ_between_places(two, refuser):
    done = ended("compare", *from_each(two, refuser.url("/first")))
    assert done.stdout.startswith("here ")
    assert f"{refuser.url('/first')} from tokyo  refused" in done.stdout
    assert "status line" in done.stdout
    assert (done.returncode, done.stderr) == (1, "")


def test_recordings_are_read_by_the_workers(two, refuser, tmp_path):
    file = str(tmp_path / "recordings")
    ended("connect", "-s", "--save", file, refuser.url("/"))
    Path(file).write_bytes(Path(file).read_bytes() * 1100 + b"nonsense\n")
    here, there = (
        ended("compare", "--json", "--brief", "--browser", "chromium", file, *more)
        for more in ((), ("--cluster", two.address))
    )
    assert here.stdout.count("\n") == 1100
    assert (there.returncode, there.stdout, there.stderr) == (here.returncode, here.stdout, here.stderr)
    assert "line 1101: not a recording" in there.stderr


def test_a_worker_that_is_killed_and_comes_back_loses_nothing(refuser, tmp_path):
    paths = [f"/held-{number}" if number == 3 else f"/{number}" for number in range(60)]
    urls = [refuser.url(path) for path in paths]
    (tmp_path / "urls").write_text("\n".join(urls))
    with dask_cluster("one", "two") as cluster:
        call = from_each(cluster, "--connect-timeout", "60", "-m", "100", "--json", f"@{tmp_path / 'urls'}")
        with started("connect", *call) as process:
            until(lambda: refuser.asked["/held-3"] == 3 or None, "all places", SLOW)
            cluster.kill("one")
            cluster.worker("late")
            cluster.worker("one")
            until(lambda: refuser.asked["/held-3"] == 4 or None, "the place that came back", SLOW)
            refuser.gate.set()
            out, err = process.communicate(timeout=PATIENCE)
        assert sorted(err.splitlines()) == [
            "wsprobe: worker late joined after the start, and is not used",
            "wsprobe: worker one is back",
            "wsprobe: worker one is gone; waiting 60 s for it to come back",
        ]
        assert process.returncode == 12
        found = [(each["url"], each.get("worker")) for each in objects(out)]
        assert found == [(url, place) for url in urls for place in (None, "one", "two")]

        # One that stays away has a cell that says so, and the others their row.
        refuser.gate.clear()
        call = from_each(cluster, "--connect-timeout", "5", "-m", "100", *urls[2:4])
        with started("connect", *call) as process:
            until(lambda: refuser.asked["/held-3"] == 8 or None, "all places", SLOW)
            cluster.kill("late")
            refuser.gate.set()
            out, err = process.communicate(timeout=PATIENCE)
        rows = out.splitlines()
        assert rows[0].split() == ["here", "late", "one", "two", "URL"]
        assert rows[1:3] == [
            f"{'refused 403':18}{'not tried':18}{'refused 403':18}{'refused 403':18}{u}" for u in urls[2:4]
        ]
        assert err.splitlines()[-1] == "wsprobe: 2 URLs not tried from late: its worker was gone"
        assert process.returncode == 2
