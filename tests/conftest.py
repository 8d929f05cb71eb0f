"""For all tests: the same examples in every run, and no limit that a busy machine could break."""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

# Behind all else, so that an installed wsprobe is the one that is tested: for man/build, which no wheel has.
sys.path.append(str(Path(__file__).parents[1]))

for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ws_proxy", "wss_proxy"):
    for each in (name, name.upper()):
        os.environ.pop(each, None)
