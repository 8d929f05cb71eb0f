"""``python -m tests.calls``: writes anew what comes of the calls in tests/*/calls.txt.

A section of those files has a title, behind ``>`` a call, and then a row for each case: it stands for ``{x}``
in the call, and behind ``|`` is the result, or the exception. Of a row with `` -> `` in it, ``{1}`` and ``{2}``
are the parts; a part ``{}`` is nothing; `` & `` parts what means the same. ``[...]`` in a result stands for
anything: such a row stays while it holds. A result too wide for the row is below it, indented. A line that
begins with ``#`` is a comment.

A call is ``call: MODULE EXPRESSION``, in Python, with the names of that module; of several modules, with a
comma between them, those of all. Several calls are columns, ``call NAME: ...``.
"""

import re
from importlib import import_module
from pathlib import Path

import msgspec

FILES = sorted(Path(__file__).parent.glob("*/calls.txt"))
WIDTH = 112


class Section(msgspec.Struct, frozen=True):
    """Cases that have in common what is around them."""

    file: str
    title: str
    given: tuple[str, ...]
    rows: tuple[str, ...]
    """As they stand in the file; a comment is one too."""

    def __str__(self):
        return "\n".join((self.title, *(f"> {line}" for line in self.given), *map(self.anew, self.rows)))

    def cases(self):
        """The rows by their names, each with this section."""
        rows = [row for row in self.rows if not row.startswith("#")]
        return {f"{self.title}: {answer_of(row)}": (self, row) for row in rows}

    def anew(self, row):
        """The row, with what comes of it now."""
        if row.startswith("#"):
            return row
        answer, groups = answer_of(row), {}
        for name, result in self.columns(answer.split(" & ")):
            groups.setdefault(result, []).append(name)
        *others, (most, by) = sorted(groups.items(), key=lambda group: len(group[1]))
        told = [f"{' '.join(names)}: {result}" for result, names in others]
        if self.several:
            rest = "others" if others else "all"
            most = f"{' '.join(by) if self.few and (others or len(by) == 1) else rest}: {most}"
        told.append(most)
        lines = [f"{answer} | {'; '.join(told)}"]
        if len(lines[0]) > WIDTH:
            lines = [answer, f"  {told[0]}"]
            for each in told[1:]:
                lines[-1] += ";"
                if len(lines[-1]) + len(each) < WIDTH:
                    lines[-1] += f" {each}"
                else:
                    lines.append(f"  {each}")
        now = "\n".join(lines)
        return row if _holds(row, now) else now

    @property
    def several(self):
        """It has columns, whose names are shown."""
        return len(self.given) > 1

    @property
    def few(self):
        """Its columns are so few that the last is named too."""
        return True

    def columns(self, answers):
        """The name of each column, and what there is in it of these."""
        for line in self.given:
            heading, _, call = line.partition(": ")
            modules, _, call = call.partition(" ")
            name = heading.removeprefix("call").strip() or modules.partition(".")[0]
            results = [self.result(modules, filled(call, answer)) for answer in answers]
            yield name, results[0] if len(set(results)) == 1 else " & ".join(results)

    def result(self, modules, call):
        names = {}
        for each in reversed(modules.split(",")):
            names |= vars(import_module(each))
        return result(call, names)


def _holds(row, now):
    """Whether *row* shows *now*, with ``[...]`` for anything; where a row is broken does not matter then."""
    shown, made = (re.sub(r"\n  | \| ", "\n", text) for text in (row, now))
    return "[...]" in row and re.fullmatch(".*".join(map(re.escape, shown.split("[...]"))), made) is not None


def result(call, names):
    """What comes out of it, or the exception: none that a slip in the row itself raises."""
    try:
        return ascii(eval(call, names))
    except (AttributeError, NameError, SyntaxError, TypeError):
        raise
    except Exception as error:
        text = str(error).replace("\n", "\\n")
        return f"raises {type(error).__name__}" + f": {text}" * bool(error.args)


def check(case):
    section, row = case
    now = section.anew(row)
    assert now == row, "\n".join(("", *section.given, f"was: {row}", f"is:  {now}"))


def filled(line, answer):
    for number, part in enumerate(answer.split(" -> "), 1):
        line = line.replace(f"{{{number}}}", part * (part != "{}"))
    return line.replace("{x}", answer * (answer != "{}"))


def answer_of(row):
    """What stands for ``{x}``."""
    return row.partition("\n")[0].partition(" | ")[0]


def parted(text):
    """The title, what is given, and the rows of each section of a file."""
    for part in text.strip().split("\n\n"):
        title, *lines = re.split(r"\n(?! )", part)
        given = tuple(line[2:] for line in lines if line.startswith("> "))
        yield title, given, tuple(lines[len(given) :])


def sections(path):
    return [Section(path.parent.name, *each) for each in parted(path.read_text("utf-8"))]


if __name__ == "__main__":
    for path in FILES:
        path.write_text("\n\n".join(map(str, sections(path))) + "\n", "utf-8")
