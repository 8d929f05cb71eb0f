"""The memory that Python takes for some work."""

import tracemalloc
from contextlib import contextmanager
from types import SimpleNamespace


@contextmanager
def traced():
    """What is in the block has taken, at its end: ``held`` and, at most, ``peak``, in bytes."""
    memory = SimpleNamespace()
    tracemalloc.start()
    try:
        yield memory
        memory.held, memory.peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
