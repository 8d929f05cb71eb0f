"""The file of --sarif has the structure of SARIF 2.1.0, as far as wsprobe uses it."""

import json
import re

import jsonschema_rs
import pytest

from tests.trace.rules import audit
from wsprobe.show.audit import sarif_log, sarif_text
from wsprobe.trace.audit import WEAKNESSES, not_tested, weaknesses


def obj(required=(), **properties):
    """An object that has *properties*, of which *required* are there, and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def array(items, **more):
    return {"type": "array", "items": items, **more}


STRING = {"type": "string"}
INDEX = {"type": "integer", "minimum": 0}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = obj(("text",), text={"type": "string", "minLength": 1})
HEADERS = {"type": "object", "additionalProperties": STRING}
URI = {"type": "string", "pattern": r"^[a-z]+://[!-~]+$"}
RELATIVE = {"type": "string", "pattern": r"^(?!/)[A-Za-z0-9._~%/-]+$"}
"""GitHub refuses a location with another scheme than that of the checkout."""
RULE = obj(  # section 3.49
    ("id",),
    id=STRING,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    defaultConfiguration=obj(level=LEVEL),  # 3.50
    properties=obj(("tags",), **{"tags": array(STRING, uniqueItems=True), "security-severity": STRING}),  # 3.8
)
RESULT = obj(  # section 3.27
    ("message",),
    ruleId=STRING,
    ruleIndex=INDEX,
    level=LEVEL,
    message=MESSAGE,
    locations=array(
        obj(
            physicalLocation=obj(
                ("artifactLocation",),
                artifactLocation=obj(uri=RELATIVE),
                region=obj(startLine={"type": "integer", "minimum": 1}),
            ),
            logicalLocations=array(obj(name=STRING, fullyQualifiedName=STRING, kind=STRING)),
        )
    ),
    partialFingerprints=HEADERS,
    webRequest=obj(  # 3.46
        protocol=STRING, version=STRING, target=STRING, method=STRING, headers=HEADERS
    ),
    webResponse=obj(  # 3.47
        protocol=STRING,
        version=STRING,
        statusCode={"type": "integer"},
        reasonPhrase=STRING,
        headers=HEADERS,
        noResponseReceived={"type": "boolean"},
    ),
)
NOTIFICATION = obj(  # section 3.58
    ("message",), level=LEVEL, message=MESSAGE, associatedRule=obj(("id",), id=STRING, index=INDEX)
)
LOG = obj(  # section 3.13
    ("version", "runs"),
    **{"$schema": URI},
    version={"const": "2.1.0"},
    runs=array(
        obj(  # 3.14
            ("tool",),
            tool=obj(  # 3.18, 3.19
                ("driver",),
                driver=obj(("name",), name=STRING, version=STRING, semanticVersion=STRING, rules=array(RULE)),
            ),
            invocations=array(  # 3.20
                obj(
                    ("executionSuccessful",),
                    executionSuccessful={"type": "boolean"},
                    toolExecutionNotifications=array(NOTIFICATION),
                )
            ),
            results=array(RESULT),
        )
    ),
)
VALIDATOR = jsonschema_rs.Draft202012Validator(LOG)


NO_CHECK = (
    "!cookie .: 101",
    "!*: 401 Unauthorized; Server: x/1.2.3; X-Powered-By: {y} [z](http://a) | no",
)
TRACES = {
    "found": audit(*NO_CHECK),
    "nothing opens": audit("!*: 403 Forbidden"),
    "no answer": audit("!*: cut"),
    "IPv6": audit(*NO_CHECK, begin="session wss://[::1]:8443/chat?x=1"),
}


@pytest.mark.parametrize("seen", TRACES.values(), ids=TRACES.keys())
def test_structure(seen):
    made = sarif_log(weaknesses(seen), not_tested(seen), seen)
    VALIDATOR.validate(made)
    (run,) = made["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == [each.id for each in WEAKNESSES]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert re.fullmatch(r"[\d.]+", result["webRequest"]["version"])
    told = run["invocations"][0]["toolExecutionNotifications"]
    assert all(rules[each["associatedRule"]["index"]]["id"] == each["associatedRule"]["id"] for each in told)
    assert run["invocations"][0]["executionSuccessful"] == bool(run["results"])
    whole = "".join(sarif_text(weaknesses(seen), not_tested(seen), seen))
    assert whole.isascii()
    assert json.loads(whole) == made
