"""The engines that can be driven, by name."""

from __future__ import annotations

from tests.browsers.driver.browser import Engine
from tests.browsers.driver.chromium import Chromium
from tests.browsers.driver.firefox import Firefox
from tests.browsers.driver.runtime import RUNTIMES
from tests.browsers.driver.webkitgtk import WebKitGtk

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (Chromium(), Firefox(), WebKitGtk(), *RUNTIMES)}
