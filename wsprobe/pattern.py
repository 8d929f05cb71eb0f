"""Regular expressions that are compiled when they are first used.

Of the forty that the browsers' rules have, one answer needs a few: to compile all of them was a tenth of the
start of ``wsprobe compare --browser-mode`` (measured, Python 3.11).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr

if TYPE_CHECKING:

    def pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]: ...

else:

    def pattern(source, flags=0):
        """What ``re.compile`` returns, in all that it does; made at the first use."""
        return _Pattern(source, flags)


class _Pattern:
    def __init__(self, source: Any, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, found)
        return found
