"""Shell completion: the words that an option's value can be, also those with a colon or an equals sign.

Each list of words is taken from where it is defined, and no more than that is loaded: a person waits for it.

bash breaks words at the characters of COMP_WORDBREAKS, a colon and an equals sign among them, and completes
only what stands behind the last one. So the line is taken as it is, split here, and a completion is given
without what bash will keep.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from wsprobe.cli.expect_forms import NAMED, OPERATORS
from wsprobe.cli.option import LAB
from wsprobe.outcome import TABLE
from wsprobe.wire import WIRES


def places(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Names of scenarios, as soon as the word can become ``lab:``."""
    if not LAB.startswith(incomplete[: len(LAB)]) or not incomplete:
        return [] if incomplete else [LAB]
    from wsprobe.lab import aliases, names  # a person waits for it

    return beginning(incomplete, (LAB + name for name in (*names(), *aliases())))


def places_and_files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """The same, and files."""
    if LAB.startswith(incomplete[: len(LAB)]) and incomplete:
        return places(ctx, param, incomplete)
    return [CompletionItem(incomplete, type="file")]


def specs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Specification revisions, the next one of a list, and the end of a range."""
    from wsprobe.history.data import revisions  # a person waits for it

    at = max(incomplete.rfind(",") + 1, incomplete.rfind("..") + 2 if ".." in incomplete else 0)
    return beginning(incomplete[at:], revisions() if at else (*revisions(), "all"), incomplete[:at])


def wires(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The wire versions that are spoken."""
    return beginning(incomplete, WIRES)


def expectations(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """What can be expected, up to its operator; outcomes, and the ids of findings, causes and weaknesses."""
    if incomplete.startswith("outcome="):
        return beginning(incomplete, (f"outcome={row.outcome}" for row in TABLE if row.outcome))
    if incomplete.startswith("finding:"):
        from wsprobe.judge import FINDINGS  # a person waits for it

        return beginning(incomplete, (f"finding:{id}" for id in FINDINGS))
    if incomplete.startswith("cause:"):
        from wsprobe.diagnosis import all_kinds  # a person waits for it

        return beginning(incomplete, (f"cause:{id}" for id in all_kinds()))
    if incomplete.startswith("weakness:"):
        from wsprobe.trace.audit import BY_ID  # a person waits for it

        return beginning(incomplete, (f"weakness:{id}" for id in BY_ID))
    return beginning(
        incomplete,
        (f"{kind}{':' if kind in NAMED else each[0]}" for kind, each in OPERATORS.items()),
    )


def beginning(with_: str, words: Iterable[str], before: str = "") -> list[str]:
    """Those of *words* that begin with *with_*, each with *before* in front."""
    return [before + word for word in words if word.startswith(with_)]


BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' completion type value
    COMPREPLY=()
    for completion in $(COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \
%(complete_var)s=bash_complete "$1"); do
        type="${completion%%%%,*}"
        value="${completion#*,}"
        case "$type" in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    source_template = BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)
        incomplete = words.pop() if words and not line[-1:].isspace() else ""
        self.kept = kept(incomplete, os.environ.get("COMP_WORDBREAKS", ""))
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem[Any]) -> str:
        return f"{item.type},{str(item.value).removeprefix(self.kept)}"


def kept(incomplete: str, breaks: str) -> str:
    """The part of the word that bash leaves alone: up to the last colon or equals sign, if words break there.

    Of ``--option=value`` only the value is completed.
    """
    if incomplete.startswith("--"):
        incomplete = incomplete.partition("=")[2]
    last = max(incomplete.rfind(each) for each in ":=" if each in breaks) if set(breaks) & set(":=") else -1
    return incomplete[: last + 1]


ZSH_ADDED = "compadd -U -V unsorted -a completions"
ZSH_BEGUN = """\
local -a begun
        begun=(${(M)completions:#*[=:]})
        completions=(${completions:#*[=:]})
        compadd -U -V unsorted -S '' -a begun
        """


class Zsh(ZshComplete):
    # No space behind what is only the beginning of a word: "lab:", "status=".
    source_template = ZshComplete.source_template.replace(ZSH_ADDED, ZSH_BEGUN + ZSH_ADDED)


class Fish(FishComplete):
    # A description may hold commas: only the first one parts the type from the rest.
    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')


def register() -> None:
    """Let click use these. To be called before it looks for a shell to serve. A shell that hands over nothing
    is told nothing."""
    for name, nothing in (("COMP_LINE", ""), ("COMP_WORDS", ""), ("COMP_CWORD", "0")):
        os.environ.setdefault(name, nothing)
    add_completion_class(Bash)
    add_completion_class(Zsh)
    add_completion_class(Fish)
