"""``wsprobe serve``: the lab, for testing other clients."""

from __future__ import annotations

import click

from wsprobe.cli.option import Command, Given, takes
from wsprobe.cli.serve_settings import ServeSettings

EXAMPLES = (
    ("wsprobe serve --port 8000", "For your own client, which then opens ws://127.0.0.1:8000/s/status-403:"),
    ("wsprobe serve", "What does my own browser do? Open the page whose URL is printed:"),
    ("wsprobe serve --list | grep close", "Which scenarios are there?"),
    ("wsprobe connect 'lab:/close/4403?reason=token%20expired'", "One answer of your own, without serve:"),
)


@click.command("serve", cls=Command, examples=EXAMPLES)
@takes(ServeSettings)
def command(given: Given) -> int:
    """Run the lab: a loopback server that plays every scenario of the catalogue, until ^C.

    Open / in a browser: the page shows what that browser does with each scenario, next to wsprobe's prediction.
    It can run all scenarios and write a file for compare --measured.

    \b
    Paths:
      /s/NAME                                   a scenario of the catalogue
      /status/403?reason=...&body=...&header=Name:value
      /redirect/302?to=URL
      /close/4403?reason=...                    accept, then close
      /accept/wrong                             or missing, case, twice, any value
      /raw?hex=...                              exactly these bytes
      /echo                                     messages come back
      /diagnostic                               why, as plain HTTP
    """
    from wsprobe.cli.serve import serve_lab  # the work, which --help does without

    return serve_lab(given[ServeSettings])
