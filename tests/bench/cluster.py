"""``python tests/bench/cluster.py``: what a list costs on a Dask cluster: the processor of each part of it, and
the bytes between this machine and the scheduler, by the number of workers and by the size of a chunk.

All of it runs on one machine, so that the clock says nothing; per URL (with --from-each per URL and place) the
processor does. Dask's own processes rest between two pieces of work, and that is counted with them.
"""

import asyncio
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import programs
from measure import processor_of, run

from tests.peers.dask import dask_cluster

COUNT = 3000
LONGEST = 600.0
"""Seconds for one list."""
PATH = "/status/403?reason=Token%20Expired"
WITH = (
    "import sys; from wsprobe.cli import cluster; cluster.CHUNK = {}; from wsprobe.cli.main import main; main()"
)


class Bytes:
    """What went through, both ways: a relay before the scheduler."""

    def __init__(self):
        self.out = self.back = 0

    @contextmanager
    def before(self, address):
        """The address of a relay to *address*, while this stands."""
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        ready, loop, told = threading.Event(), asyncio.new_event_loop(), []

        async def relay(reader, writer):
            there, back = await asyncio.open_connection(host, int(port))
            await asyncio.gather(self._pump(reader, back, "out"), self._pump(there, writer, "back"))

        async def serve():
            server = await asyncio.start_server(relay, "127.0.0.1", 0)
            told.append(server.sockets[0].getsockname()[1])
            ready.set()

        def run():
            loop.create_task(serve())
            loop.run_forever()

        threading.Thread(target=run, daemon=True).start()
        ready.wait()
        yield f"tcp://127.0.0.1:{told[0]}"
        loop.call_soon_threadsafe(loop.stop)

    async def _pump(self, reader, writer, way):
        while data := await reader.read(1 << 16):
            setattr(self, way, getattr(self, way) + len(data))
            writer.write(data)
            await writer.drain()
        writer.close()


def spent_by(command):
    """Its seconds of processor, once it has ended."""
    done = run(command, LONGEST)
    assert not isinstance(done, str), done
    assert done.status == 12, done.status
    return done.processor


def measured(name, cluster, file, answers, chunk, *options):
    through = Bytes()
    parts = {"scheduler": [cluster.scheduler_pid], "workers": [each.pid for each in cluster.workers.values()]}
    before = {part: sum(map(processor_of, pids)) for part, pids in parts.items()}
    with through.before(cluster.address) as address:
        here = spent_by(
            [sys.executable, "-c", WITH.format(chunk), "connect", "--cluster", address, *options, f"@{file}"]
        )
    spent = {part: sum(map(processor_of, pids)) - before[part] for part, pids in parts.items()}
    row = " ".join(f"{1000 * each / answers:9.2f}" for each in (here, spent["scheduler"], spent["workers"]))
    whole = here + sum(spent.values())
    sizes = f"{through.out / answers:9.0f} {through.back / answers:9.0f}"
    print(f"{name:34} {row} {1000 * whole / answers:9.2f} {sizes}")


def main():
    fast = ("--parallel", "50", "--per-host", "400")
    with tempfile.TemporaryDirectory(prefix="wsprobe-bench-") as name, programs.lab() as server:
        file, few = Path(name) / "urls", Path(name) / "few"
        file.write_text(f"{server}{PATH}\n" * COUNT)
        few.write_text(f"{server}{PATH}\n" * 200)
        alone = spent_by([*programs.wsprobe(), "connect", "--json", *fast, f"@{file}"])
        print(f"{COUNT} URLs; per answer: milliseconds of processor, and bytes to and from the scheduler")
        heads = ("here", "scheduler", "workers", "all", "to", "from")
        print(f"{'':34} " + " ".join(f"{each:>9}" for each in heads))
        print(f"{'connect --json, no cluster':34} {1000 * alone / COUNT:9.2f}")
        with dask_cluster() as cluster:
            for workers in (1, 2, 4):
                while len(cluster.workers) < workers:
                    cluster.worker(f"w{len(cluster.workers)}")
                begin = [*programs.wsprobe(), "connect", "--cluster", cluster.address, "-s"]
                spent_by([*begin, f"@{few}"])  # they import
                alone = spent_by([*begin, server + PATH])
                print(f"{workers} workers: to begin and end takes {1000 * alone:.0f} ms here")
                for chunk in (10, 50, 200) if workers == 2 else (50,):
                    what = f"--json, {workers} workers, chunks of {chunk}"
                    measured(what, cluster, file, COUNT, chunk, "--json", *fast)
                places = workers + 1
                half = Path(name) / "some"
                half.write_text(f"{server}{PATH}\n" * (COUNT // places))
                answers = COUNT // places * places
                each = ("--from-each", "--json", *fast)
                measured(f"--from-each --json, {places} places", cluster, half, answers, 50, *each)


if __name__ == "__main__":
    main()
