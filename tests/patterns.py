"""Every regular expression of the program, and which of them may take more than linear time.

A pattern backtracks more than linearly where two repeats can share a run of one character: one inside the
other, or one behind the other with nothing between them that stops at that character. A search is such a repeat
too: it begins anew at each character. ``slow`` finds both in the parsed form of a pattern (``re._parser``).
"""

import ast
import importlib
import re
from functools import cache
from pathlib import Path
from re import _constants as names
from re import _parser as parser

from msgspec import Struct

PACKAGE = Path(__file__).parent.parent / "wsprobe"
SEARCHES = {"search", "findall", "finditer", "sub", "subn", "split"}
VERBS = SEARCHES | {"match", "fullmatch", "compile"}

ALPHABET = [chr(code) for code in range(128)] + ["\u00e9", "\u00b2", "\u2028", "\u4e00"]
"""Characters that stand for all: classes of the program differ in ASCII and in what \\w, \\s and \\d take."""
MANY = 32
"""A repeat of at most so many counts as none: it makes a constant factor."""


class Pattern(Struct, frozen=True):
    """A pattern and where it stands."""

    place: str
    """``folder/file.py:LINE``."""
    text: str | bytes
    flags: int
    searches: bool
    """Whether it may begin at any character."""
    whole: bool
    """Whether it has to end where the text ends."""


# __main__.py has none; to import it changes what ^C does.
FILES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if "remedies" not in path.parts and path.name != "__main__.py"
]


@cache
def every():
    """All patterns of the program that can be had without running it."""
    return [pattern for path in FILES for pattern in of(path)]


@cache
def _nodes(path):
    return list(ast.walk(ast.parse(path.read_text())))


def calls(path):
    """The calls of functions of ``re`` in a file, and the name of each."""
    for node in _nodes(path):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if node.func.attr in VERBS and getattr(node.func.value, "id", "") == "re":
            yield node, node.func.attr


def of(path):
    """The patterns of a file whose text its module's names give."""
    module = importlib.import_module(
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    )
    place = str(path.relative_to(PACKAGE))
    for node, verb in calls(path):
        text = evaluated(node.args[0], module)
        flags = _flags(node, verb, module)
        texts = [text] if isinstance(text, str | bytes) else []
        if isinstance(text, re.Pattern):
            texts, flags = [text.pattern], text.flags
        for each in texts:
            verbs = _verbs(node, path) if verb == "compile" else {verb}
            yield Pattern(f"{place}:{node.lineno}", each, flags, bool(verbs & SEARCHES), "fullmatch" in verbs)


def _verbs(compiled, path):
    """What is done with a compiled pattern: in its file, for a name that begins with _; else in any file."""
    for node in _nodes(path):
        if isinstance(node, ast.Attribute) and node.value is compiled:
            return {node.attr}
    name = _names().get(id(compiled), "")
    if name.startswith("_"):
        return _uses(path).get(name, VERBS)
    return set().union(*(_uses(each).get(name, set()) for each in FILES)) or VERBS


@cache
def _names():
    """A call's id -> the name that it is given."""
    nodes = (node for path in FILES for node in _nodes(path))
    named = (node for node in nodes if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name))
    return {id(node.value): node.targets[0].id for node in named if isinstance(node.targets[0], ast.Name)}


@cache
def _uses(path):
    """A name -> the methods that are called on it in a file, or the functions of ``re`` that get it."""
    found = {}
    for node in _nodes(path):
        if isinstance(node, ast.Attribute) and node.attr in VERBS:
            of = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            found.setdefault(of, set()).add(node.attr)
    return found


def evaluated(node, module):
    try:
        return eval(compile(ast.Expression(node), "", "eval"), vars(module))
    except Exception:
        return None


def _flags(node, verb, module):
    at = {"sub": 4, "subn": 4, "split": 3, "compile": 1}.get(verb, 2)
    given = [node.args[at]] if len(node.args) > at else [k.value for k in node.keywords if k.arg == "flags"]
    value = evaluated(given[0], module) if given else 0
    return int(value or 0)


def untold():
    """Where a pattern is made from what only a function knows."""
    found = []
    for path in FILES:
        module = importlib.import_module(
            ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        )
        for node, _ in calls(path):
            if not isinstance(evaluated(node.args[0], module), str | bytes | re.Pattern):
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node.args[0])}")
    return found


# The parsed form ----------------------------------------------------------------------------------------


Chars = frozenset[str]


def slow(pattern):
    """Why *pattern* may take more than linear time; "" if it does not."""
    tree = parser.parse(pattern.text, pattern.flags)
    flags = tree.state.flags
    return next(_nested(tree, flags, pattern.whole), "") or next(_adjacent(tree, flags, pattern), "")


def chars(op, av, flags):
    """The characters of ALPHABET that one item takes."""
    if op is names.LITERAL:
        one = {chr(av)}
        if flags & re.IGNORECASE:
            one |= {chr(av).lower(), chr(av).upper()}
        return frozenset(one)
    if op is names.NOT_LITERAL:
        return frozenset(ALPHABET) - {chr(av)}
    if op is names.ANY:
        return frozenset(ALPHABET) if flags & re.DOTALL else frozenset(ALPHABET) - {"\n"}
    if op is names.IN:
        return _set(av, flags)
    return frozenset()


def _set(items, flags):
    found = set()
    negated = False
    for op, av in items:
        if op is names.NEGATE:
            negated = True
        elif op is names.LITERAL:
            found.add(chr(av))
        elif op is names.RANGE:
            found |= {c for c in ALPHABET if av[0] <= ord(c) <= av[1]}
        elif op is names.CATEGORY:
            found |= _category(av, flags)
    if flags & re.IGNORECASE:
        found |= {c.lower() for c in found} | {c.upper() for c in found}
    return frozenset(ALPHABET) - found if negated else frozenset(found)


def _category(which, flags):
    name = str(which).lower()
    letter = "w" if "word" in name else "d" if "digit" in name else "s"
    inside = frozenset(c for c in ALPHABET if re.match(f"\\{letter}", c, re.ASCII if flags & re.ASCII else 0))
    return frozenset(ALPHABET) - inside if "not" in name else inside


def alphabet(items, flags):
    """All characters that *items* can take anywhere."""
    found = frozenset()
    for op, av in items:
        if op in (names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT):
            found |= alphabet(av[2], flags)
        elif op is names.SUBPATTERN:
            found |= alphabet(av[3], (flags | av[1]) & ~av[2])
        elif op is names.ATOMIC_GROUP:
            found |= alphabet(av, flags)
        elif op is names.BRANCH:
            for each in av[1]:
                found |= alphabet(each, flags)
        else:
            found |= chars(op, av, flags)
    return found


def runs(items, flags):
    """Characters of which alone a text that *items* match can be made."""
    found = frozenset(ALPHABET)
    for op, av in items:
        found &= _runs(op, av, flags)
    return found


def _runs(op, av, flags):
    if op in (names.AT, names.ASSERT, names.ASSERT_NOT, names.GROUPREF):
        return frozenset(ALPHABET)
    if op in (names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT):
        return frozenset(ALPHABET) if av[0] == 0 else runs(av[2], flags)
    if op is names.SUBPATTERN:
        return runs(av[3], (flags | av[1]) & ~av[2])
    if op is names.ATOMIC_GROUP:
        return runs(av, flags)
    if op is names.BRANCH:
        return frozenset().union(*(runs(each, flags) for each in av[1]))
    return chars(op, av, flags)


def _parts(op, av, flags):
    """The sequences inside an item."""
    if op in (names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT):
        return [(av[2], flags)]
    if op is names.SUBPATTERN:
        return [(av[3], (flags | av[1]) & ~av[2])]
    if op is names.ATOMIC_GROUP:
        return [(av, flags)]
    if op is names.BRANCH:
        return [(each, flags) for each in av[1]]
    if op in (names.ASSERT, names.ASSERT_NOT):
        return [(av[1], flags)]
    return []


def _is_loop(op, av):
    return op in (names.MAX_REPEAT, names.MIN_REPEAT) and (av[1] is names.MAXREPEAT or av[1] > MANY)


def _nested(items, flags, fails):
    """Repeats in repeats that can share a run. *fails*: whether what comes behind *items* can fail."""
    for at, (op, av) in enumerate(items):
        then = fails or any(may_fail(*item) for item in items[at + 1 :])
        for part, own in _parts(op, av, flags):
            if _is_loop(op, av) and then and (shared := _long(part, own)):
                yield f"nested repeats share {sorted(shared)[0]!r}"
            yield from _nested(part, own, then)


def may_fail(op, av):
    """Whether there is a text that the item does not match at some place."""
    if op in (names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT):
        return av[0] > 0 and any(may_fail(*item) for item in av[2])
    if op is names.SUBPATTERN:
        return any(may_fail(*item) for item in av[3])
    if op is names.ATOMIC_GROUP:
        return any(may_fail(*item) for item in av)
    if op is names.BRANCH:
        return all(any(may_fail(*item) for item in each) for each in av[1])
    return True


def _long(items, flags):
    """The characters of which a repeat inside *items* can take many, with nothing else around them."""
    found = frozenset()
    for at, (op, av) in enumerate(items):
        if op in (names.ASSERT, names.ASSERT_NOT):
            continue
        inside = frozenset().union(*(_long(part, own) for part, own in _parts(op, av, flags)))
        if _is_loop(op, av):
            inside |= runs(av[2], flags)
        if inside:
            others = [item for n, item in enumerate(items) if n != at]
            found |= inside & runs(others, flags)
    return found


def _adjacent(items, flags, pattern):
    """Repeats behind one another, or behind the start of a search, that share a run."""
    before = pattern.searches and not _anchored(items)
    return iter(_walk(items, flags, frozenset(ALPHABET) if before else frozenset(), pattern.whole)[1])


def _anchored(items):
    op, av = items[0] if len(items) else (None, None)
    if op is names.SUBPATTERN:
        return _anchored(av[3])
    return op is names.AT and av is names.AT_BEGINNING_STRING


def _walk(items, flags, before, fails):
    """The characters of a run that a repeat in or before *items* can give up or take, and what is wrong.

    *before*: the same at their start. *fails*: whether what comes behind them can fail.
    """
    said = []
    for at, (op, av) in enumerate(items):
        then = fails or any(may_fail(*item) for item in items[at + 1 :])
        if op is names.ASSERT and av[0] < 0:
            before &= runs(av[1], flags)
        elif op is names.AT and av is not names.AT_BOUNDARY and "BEGINNING" in str(av):
            before &= frozenset("\n" if flags & re.MULTILINE and av is names.AT_BEGINNING else "")
        if op in (names.AT, names.ASSERT, names.ASSERT_NOT, names.GROUPREF):
            continue
        if op in (names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT):
            body = runs(av[2], flags)
            loop = _is_loop(op, av)
            if (loop or op is names.POSSESSIVE_REPEAT) and then and before & body:
                said.append(f"repeats share {sorted(before & body)[0]!r}")
            said += _walk(av[2], flags, before, then or (loop and may_fail(op, av)))[1]
            before = (before if av[0] == 0 else before & body) | (body if loop else frozenset())
        elif op is names.BRANCH:
            ends = [_walk(each, flags, before, then) for each in av[1]]
            before = frozenset().union(*(end for end, _ in ends))
            said += [words for _, inner in ends for words in inner]
        elif parts := _parts(op, av, flags):
            for part, own in parts:
                before, inner = _walk(part, own, before, then)
                said += inner
        else:
            before &= chars(op, av, flags)
    return before, said
