"""The browsers that a test needs."""

from tests.peers.place import missing
from wsprobe.lab import installed


def there(engine):
    """The browser with this engine. Without it the test is skipped, in CI it fails."""
    try:
        (found,) = installed.find([engine])
    except installed.NoBrowser as error:
        missing(str(error))
    return found
