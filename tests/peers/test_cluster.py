"""``connect --cluster`` with a real scheduler and real workers of Dask, all on loopback; some are killed."""

import signal
from collections import Counter
from pathlib import Path

import pytest
import trio

from tests.peers.dask import SLOW, dask_cluster
from tests.peers.place import HOST, nobody, until
from tests.peers.program import ended, objects, started
from tests.peers.refusing import PATIENCE
from wsprobe import __version__
from wsprobe.net.cluster import cluster

pytestmark = pytest.mark.cluster


def left_over(cluster):
    """Tasks that the scheduler knows of."""
    from distributed import Client

    with Client(cluster.address, timeout=SLOW, set_as_default=False) as client:
        return int(client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)))


def test_the_same_reports_in_order_with_the_name_of_who_asked(two, refuser, validator):
    urls = [refuser.url(f"/{number}") for number in range(30)]
    done = ended(
        "connect", "--cluster", two.address, "--json", "--summary", "-", text="\n".join(urls) + "\nftp://h/\n"
    )
    assert done.stderr.splitlines()[:2] == [
        f"wsprobe: standard input, line 31: {done.stderr.splitlines()[0].partition('line 31: ')[2]}",
        "30 URLs: 30 refused",
    ]
    assert done.returncode == 2
    reports = objects(done.stdout, validator)
    assert [each["url"] for each in reports] == urls
    assert {each["worker"] for each in reports} == {"frankfurt", "tokyo"}
    assert all(each["exchange"]["worker"] == each["worker"] for each in reports)
    assert refuser.asked == Counter({f"/{number}": 1 for number in range(30)})


def test_a_report_for_a_person_says_from_where(two, refuser):
    done = ended("connect", "--cluster", two.address, refuser.url("/a"), refuser.url("/b"))
    titles = [line for line in done.stdout.splitlines() if line.startswith("refused 403  ws:")]
    assert [each.split()[2] for each in titles] == [refuser.url("/a"), refuser.url("/b")]
    assert all(" from " in each for each in titles)
    assert (done.returncode, done.stderr) == (12, "")


def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_twice(refuser, tmp_path):
    """Both workers have a chunk in hand that cannot end; one is killed, the other one gets its chunk too."""
    paths = [f"/held-{number}" if number in (0, 8) else f"/{number}" for number in range(200)]
    (tmp_path / "urls").write_text("".join(refuser.url(path) + "\n" for path in paths))
    file = tmp_path / "kept"
    with dask_cluster("one", "two") as cluster:
        call = ("connect", "--cluster", cluster.address, "--resume", str(file), f"@{tmp_path / 'urls'}")
        with started(*call) as process:
            until(lambda: (refuser.asked["/held-0"] and refuser.asked["/held-8"]) or None, "both", SLOW)
            cluster.kill("one")
            until(
                lambda: max(refuser.asked["/held-0"], refuser.asked["/held-8"]) > 1 or refuser.gate.set(), "x"
            )
            _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 12, err
        reports = objects(file.read_text())
        assert [each["url"] for each in reports] == [refuser.url(path) for path in paths]
        assert {each["worker"] for each in reports} == {"two"}
        assert {refuser.asked["/held-0"], refuser.asked["/held-8"]} == {1, 2}
        again = ended(*call)
    assert f"{file} already had 200 URLs; they were not tried again" in again.stderr
    assert len(objects(file.read_text())) == 200


def test_when_the_scheduler_goes_away_what_is_printed_is_whole(refuser, tmp_path):
    urls = [refuser.url("/held" if number == 100 else f"/{number}") for number in range(150)]
    (tmp_path / "urls").write_text("\n".join(urls))
    file = str(tmp_path / "kept")
    with (
        dask_cluster("one") as cluster,
        started("connect", "--cluster", cluster.address, "--resume", file, f"@{tmp_path / 'urls'}") as process,
    ):
        until(lambda: refuser.asked["/held"] or None, "the worker", SLOW)
        cluster.kill_scheduler()
        _, err = process.communicate(timeout=PATIENCE)
    assert err == (
        f"wsprobe connect: --cluster: the connection to the scheduler at {cluster.address} was lost; the "
        f"results in {file} are complete; the same command continues from there (see wsprobe connect --help)\n"
    )
    assert process.returncode == 2
    reports = objects(Path(file).read_text())
    assert [each["url"] for each in reports] == urls[: len(reports)]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_is_interrupted_leaves_no_work_behind(two, refuser, number, status, tmp_path):
    (tmp_path / "urls").write_text("\n".join(refuser.url(f"/held-{each}") for each in range(100)))
    with started(
        "connect", "--cluster", two.address, "--json", "-m", "600", f"@{tmp_path / 'urls'}"
    ) as process:
        until(lambda: True if refuser.asked.total() >= 8 else None, "both workers", SLOW)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (status, "")
    assert until(lambda: True if left_over(two) == 0 else None, "the scheduler to be clean", SLOW)
    done = ended("connect", "--cluster", two.address, refuser.url("/after"))  # while all that was held is held
    assert done.returncode == 12


def test_workers_do_not_seem_to_go(two):
    """The client of Dask asks for the state of the cluster by itself too, without any worker in the answer."""

    async def look_again_and_again():
        async with (
            cluster(two.address, SLOW, print, lambda worker: None) as there,
            trio.open_nursery() as nursery,
        ):

            async def by_itself():
                while True:
                    await trio.to_thread.run_sync(there._client.sync, there._client._update_scheduler_info)

            nursery.start_soon(by_itself)
            for _ in range(200):
                await there.look()
                assert set(there.workers) == {"frankfurt", "tokyo"}
            nursery.cancel_scope.cancel()

    trio.run(look_again_and_again)


def test_no_worker_is_waited_for_and_then_said(refuser):
    with dask_cluster() as cluster:
        done = ended("connect", "--cluster", cluster.address, "--connect-timeout", "5", refuser.url("/"))
        assert done.stdout == ""
        assert done.stderr.splitlines() == [
            f"wsprobe: no worker is connected to {cluster.address}; waiting 5 s for one",
            f"wsprobe connect: --cluster: no worker is connected to {cluster.address}; dask worker "
            f"{cluster.address} starts one (see wsprobe connect --help)",
        ]
        assert done.returncode == 2


def test_a_worker_without_wsprobe_is_named(refuser):
    with dask_cluster() as cluster:
        cluster.worker("bare", alone=True)
        done = ended("connect", "--cluster", cluster.address, refuser.url("/"))
    assert done.stderr == (
        f"wsprobe connect: --cluster: worker bare has no wsprobe; this machine has {__version__}: install the "
        "same version, with the extra cluster, on every machine of the cluster (see wsprobe connect --help)\n"
    )
    assert (done.returncode, done.stdout) == (2, "")


def test_no_scheduler():
    with nobody() as port:
        done = ended("connect", "--cluster", f"{HOST}:{port}", "--connect-timeout", "0.5", "ws://127.0.0.1:1/")
    assert done.stderr == (
        f"wsprobe connect: --cluster: no scheduler answered at tcp://{HOST}:{port} within 0.5 s; dask "
        "scheduler starts one (see wsprobe connect --help)\n"
    )
    assert (done.returncode, done.stdout) == (2, "")
