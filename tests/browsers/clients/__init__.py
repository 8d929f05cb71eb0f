"""The runtimes that are driven, as npm packages: ``python -m tests.browsers.clients`` installs them.

Their versions stand in package.json beside this file and nowhere else. They go into the folder that
``WSPROBE_CLIENTS`` names, or a folder of the user's cache; never into the checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = Path(__file__).with_name("package.json")
INSTALL = "python -m tests.browsers.clients"
VERSIONS: dict[str, str] = json.loads(PACKAGES.read_text("ascii"))["dependencies"]


def folder() -> Path:
    """Where the packages are, or go."""
    named = os.environ.get("WSPROBE_CLIENTS")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(cache) / "wsprobe-clients"


def modules() -> Path:
    return folder() / "node_modules"


def installed(name: str) -> str:
    """The version of package *name* that is installed, "" if it is not."""
    try:
        version: str = json.loads((modules() / name / "package.json").read_text("utf-8"))["version"]
    except FileNotFoundError:
        return ""
    return version


def binary(name: str) -> Path | None:
    """The program that package *name* brings for this machine: it stands in a package of its own."""
    found = [*modules().glob(f"@deno/*/{name}"), *modules().glob(f"@oven/*/bin/{name}")]
    found += modules().glob(f"{name}/bin/{name}.exe")  # where the install script has moved it to
    return found[0] if found else None


def install() -> None:
    """Let npm fetch the packages at exactly these versions. Runs no script of theirs."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed: apt-get install npm")
    target = folder()
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(PACKAGES, target)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    subprocess.run([npm, "install", "--prefix", str(target), *quiet], check=True)
