"""The version of this package, in a module that imports nothing."""

__version__ = "0.3.0"


def extra(name: str) -> str:
    """How to install the extra *name*: from the source, because the name on the package index is not ours."""
    return f"pip install '.[{name}]' in the source folder of wsprobe"
