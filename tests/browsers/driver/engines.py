"""The engines that can be driven, by name: of a runtime ENGINE@VERSION, of a browser what is installed."""

from tests.browsers.driver.chromium import Chromium
from tests.browsers.driver.firefox import Firefox
from tests.browsers.driver.runtime import RUNTIMES
from tests.browsers.driver.webkitgtk import WebKitGtk

ENGINES = {engine.name: engine for engine in (Chromium(), Firefox(), WebKitGtk(), *RUNTIMES)}


def named(words):
    """Those that *words*, separated by commas, name: an engine without a version names all that there are.
    Raises SystemExit for a word that names none."""
    found = []
    for word in words.split(","):
        meant = [name for name in ENGINES if word in (name, name.partition("@")[0])]
        if not meant:
            raise SystemExit(f"{word} is not one of {', '.join(ENGINES)}")
        found += meant
    return found
