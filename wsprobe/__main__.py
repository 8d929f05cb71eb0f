"""``python -m wsprobe`` and the console script."""

import gc

# Importing makes some hundred thousand objects, and nearly all of them stay: looking for garbage among them
# takes a fifth of the start-up (measured, Python 3.11).
gc.set_threshold(200_000)

from wsprobe.cli.main import main  # noqa: E402 - after the line above, which is for this import

if __name__ == "__main__":
    main()
