"""``python -m wsprobe`` and the console script."""

import gc
import signal

# Importing makes some hundred thousand objects, and nearly all of them stay: looking for garbage among them
# takes a fifth of the start-up (measured, Python 3.11).
gc.set_threshold(200_000)

# ^C while the program is being loaded ends it, without a traceback: nothing has been asked yet.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from wsprobe.cli.main import main  # noqa: E402 - after the lines above, which are for this import

if __name__ == "__main__":
    main()
