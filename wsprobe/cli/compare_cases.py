"""What --junit writes of `compare`: each recording a test case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from wsprobe.cli.compare_status import reached
from wsprobe.cli.output import Finished
from wsprobe.outcome import Exit
from wsprobe.show.compare import comparison
from wsprobe.show.junit import Case, Fault, case_of
from wsprobe.show.lines import Look, plain


def cases(all_finished: Sequence[Finished], expects: bool) -> Iterator[Case]:
    """A recording fails where its views differ, where it differs from the first one, or where nobody
    answered; with --expect (*expects*) where that is not met."""
    first = all_finished[0].report
    usual = reached(first).results
    for each in all_finished:
        report = replace(each.report, exit_status=Exit.OPEN)
        of = reached(report)
        case = case_of(report, each.unmet)
        if not expects and (len(of.results) > 1 or of.results != usual):
            message = "the views differ" if len(of.results) > 1 else f"differs from {first.title}"
            beside = [report] if report.views or report.verdicts else [first, report]
            case = replace(case, fault=Fault(message, "differs", plain(comparison(beside, [], Look()))))
        elif not expects and reached(each.report).unanswered is not None:
            case = case_of(each.report)
        yield case
