"""The page that opens the sockets and writes down what script is told."""

import json
from pathlib import Path

from wsprobe.lab.site import measuring_script
from wsprobe.lab.staging import job

TEMPLATE = Path(__file__).with_name("page.html")
RESULTS = "(window.finished ? JSON.stringify(window.results) : '')"
"""All results once every socket has ended, an empty text before."""

TOLD = "RESULTS OF THE PAGE: "
"""What the page says on the console before its results, if it is told where to go then."""


def page(cases, at_once, back=""):
    """The page for *cases*, each with its URL, *at_once* at a time.

    *back*: where to go once the results are on the console; "" to stay, and say nothing there.
    """
    text = TEMPLATE.read_text().replace("/*MEASURE*/", measuring_script())
    text = text.replace("/*JOBS*/[]", _literal([_job(case, url) for case, url in cases]))
    text = text.replace("/*AT_ONCE*/1", str(at_once))
    return text.replace('/*BACK*/""', _literal(back)).encode()


def _literal(value):
    return json.dumps(value).replace("<", "\\u003c")


def _job(case, url):
    hooks = {"before": case.script.before, "at_end": case.script.at_end}
    return job(case.name, url, case.scenario.page, case.cap) | hooks
