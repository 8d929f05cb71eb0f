"""Shell completion that also works for words with a colon or an equals sign.

bash splits words at the characters of COMP_WORDBREAKS, which include both, and replaces only the last part. So
this module splits the whole line, and a completion leaves out the part that bash keeps.
"""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    shell_complete,
    split_arg_string,
)

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
    """The part of the word that bash keeps: up to the last colon or equals sign, if words break there.

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
    # No space after the beginning of a word, such as "lab:" or "status=".
    source_template = ZshComplete.source_template.replace(ZSH_ADDED, ZSH_BEGUN + ZSH_ADDED)


class Fish(FishComplete):
    # A description may contain commas: only the first comma separates the type from the rest.
    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')


def register() -> None:
    """Register these with click. Variables that the shell did not set become empty, so that nothing is
    completed."""
    for name, nothing in (("COMP_LINE", ""), ("COMP_WORDS", ""), ("COMP_CWORD", "0")):
        os.environ.setdefault(name, nothing)
    for each in (Bash, Zsh, Fish):
        add_completion_class(each)


def complete(program: click.Command, asked: str) -> NoReturn:
    """Answer what a shell *asked* for, and leave."""
    register()
    sys.exit(shell_complete(program, {}, "wsprobe", "_WSPROBE_COMPLETE", asked))
