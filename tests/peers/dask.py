"""A Dask scheduler and its workers, as ``dask scheduler`` and ``dask worker`` start them, on loopback alone."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager, suppress

from tests.peers.place import HOST, PATIENCE, open_folder, until

SLOW = 4 * PATIENCE
"""Seconds: a worker imports for a second or two of CPU, and so do its neighbours."""


AT = ("--dashboard-address", f"{HOST}:0")
"""It listens for HTTP all the same, and else on a fixed port."""


class Cluster:
    """A scheduler, and the workers that were started so far: processes without a nanny. What is killed stays
    dead."""

    def __init__(self, folder):
        self._folder = folder
        self.workers = {}
        self._scheduler = self._started(
            "scheduler", "scheduler", "--port", "0", "--scheduler-file", str(folder / "file")
        )
        self.address = until(self._told, "the scheduler", SLOW)["address"]

    def _told(self):
        with suppress(FileNotFoundError, ValueError):
            return json.loads((self._folder / "file").read_text())
        return None

    def worker(self, name, *, alone=False):
        """Start one. *alone*: its Python has no wsprobe."""
        words = (self.address, "--name", name, "--nthreads", "1", "--no-nanny", "--death-timeout", "60")
        folder = self._folder / f"of-{name}"
        self.workers[name] = self._started(
            name, "worker", *words, "--local-directory", str(folder), alone=alone
        )
        until(lambda: True if "Registered to" in self.printed(name) else None, name, SLOW)

    def _started(self, log, *words, alone=False):
        path = [each for each in sys.path if each]
        if alone:
            without = self._folder / "without"
            without.mkdir(exist_ok=True)
            (without / "wsprobe.py").write_text("raise ModuleNotFoundError(\"No module named 'wsprobe'\")\n")
            path.insert(0, str(without))
        with open(self._folder / log, "wb") as printed:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *words, "--host", HOST, "--no-dashboard", *AT],
                cwd=self._folder,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )

    @property
    def scheduler_pid(self):
        return self._scheduler.pid

    def printed(self, name):
        return (self._folder / name).read_text()

    def kill(self, name):
        """As the power does it."""
        worker = self.workers.pop(name)
        worker.kill()
        worker.wait(PATIENCE)

    def kill_scheduler(self):
        self._scheduler.kill()
        self._scheduler.wait(PATIENCE)

    def end(self):
        every = [*self.workers.values(), self._scheduler]
        for process in every:
            process.kill()
        for process in every:
            process.wait(PATIENCE)


@contextmanager
def dask_cluster(*names):
    """A scheduler with a worker for each of *names*."""
    with open_folder() as folder:
        made = Cluster(folder)
        try:
            for name in names:
                made.worker(name)
            yield made
        finally:
            made.end()
