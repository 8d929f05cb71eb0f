"""What the answers of a trace mean together. The rules are read in order; the first with a
conclusion that no row of the table refutes decides.

The order comes from measured chains of a proxy and an application with one fault each (11 proxies, 8 chains of
two); other chains exist, so people get words, no numbers (``Conclusion.certainty``). What cannot be told
apart from outside is one conclusion that leaves it open.
"""

from __future__ import annotations

from wsprobe.trace import rules_changed as changed
from wsprobe.trace import rules_open as opening
from wsprobe.trace import rules_part_refused as part
from wsprobe.trace import rules_plain_get as beside_get
from wsprobe.trace import rules_stated as stated
from wsprobe.trace import rules_unreachable as unreachable
from wsprobe.trace.conclusion import Conclusion, Rule
from wsprobe.trace.trace import Trace

RULES: tuple[Rule, ...] = (
    unreachable.rate_limited,
    unreachable.one_of_several,
    unreachable.addresses_differ,
    unreachable.http2_only,
    unreachable.not_reached,
    unreachable.tls_port,
    unreachable.not_http,
    unreachable.cut_at_once,
    unreachable.backend_fails_too,
    unreachable.backend_down,
    unreachable.no_answer,
    unreachable.no_upgrade_listener,
    stated.unauthorized,
    stated.redirected,
    changed.http_1_0,
    changed.field_lost,
    changed.upgrade_missed,
    changed.invalid_101,
    changed.key_changed,
    changed.accept_lost,
    part.header_too_large,
    part.cookie_refused,
    part.query_refused,
    changed.subprotocol_named,
    changed.subprotocol_refused,
    changed.subprotocol_lost,
    changed.subprotocol_dropped,
    changed.host_refused,
    changed.origin_refused_by_proxy,
    changed.cross_origin_refused,
    changed.host_changed,
    changed.origin_refused_directly,
    changed.host_changed_or_origin_list,
    changed.origin_rule,
    changed.origin_wanted,
    changed.origin_lost,
    changed.origin_changed,
    changed.host_changed_by_words,
    part.browser_headers_wanted,
    part.connection_compared,
    stated.named_by_the_answer,
    beside_get.handshake_dropped,
    beside_get.upgrade_refused,
    beside_get.server_error,
    beside_get.handshake_fails,
    beside_get.method_refused,
    part.slash,
    beside_get.upgrade_lost_at_proxy,
    beside_get.request_changed_for_all,
    beside_get.blocked_by_rule,
    beside_get.elsewhere,
    beside_get.refused_by_app,
    beside_get.refused_to_all,
    beside_get.no_route,
    beside_get.upgrade_lost,
    beside_get.upgrade_lost_or_elsewhere,
    beside_get.handshake_refused,
    beside_get.request_changed,
    beside_get.refused_by_library,
    unreachable.http2_announced,
    opening.idle_timeout,
    opening.closed,
    opening.closed_while_held,
    opening.dropped_after_101,
    opening.opens,
    opening.unknown,
)
"""Why comes after where: a repeat that differs, an address, TLS; then what the answer complains of; then what
one change shows; then what is left."""


def conclusions(seen: Trace) -> tuple[Conclusion, ...]:
    """What *seen* means, most likely first; empty if nothing was answered yet."""
    if "base" not in seen.answers:
        return ()
    for rule in RULES:
        found = tuple(rule.unrefuted(seen))
        if found:
            return tuple(sorted(found, key=lambda each: -each.likely))
    return ()
