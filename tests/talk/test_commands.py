"""What a person types in a session."""

import pytest

from wsprobe.talk.input import COMMANDS, typed


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_known(name):
    arguments = {"/send": "file", "/frame": "raw=00"}
    assert typed(f"{name} {arguments.get(name, '')}") is not None
