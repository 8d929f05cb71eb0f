"""What the words of a server are about: the handshake, or matters of its own.

"Route not found" is about the path of the request, or about a bus. What tells is what else is said: a text
with a word that no request, server or login has (a bus, a wallet, a patient) is about something else, or may
be. Then it is quoted, and no cause is made of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from wsprobe.diagnosis.evidence import Evidence

_WORDS = """
about above absent absolute abuse accept access accessible accordingly account across action active activity
actual adapter add additional address admin administrative administrator after again against agent ago algorithm
alias all allow allowlist almost along already also although always among amount and anonymous another answer
any anymore anyone anything anyway apache api apikey app application are area aren argument around ascii asgi
ask assertion attempt attribute aud auth authenticate authentication authorisation authorised authority
authorization authorize autobahn automatic available away back backend bad balancer ban banned base basic batch
bearer because been before behind being below beside beta between big binary bit blacklist block blocklist body
bot both broken browser buffer build builtin busy but bye byte cache caddy call callback calm can cancel
cancelled cannot capacity caught cert certificate challenge change channel char character check choose class cli
client clientid close cloud cloudflare cluster code column combination command common communicate communication
compression concurrent config configuration configure confirm conflict conn connect connection contact contain
content context control controller cookie core correct correlation could couldn count crash create credential
cross csrf current custom daemon data database date day deadline debug decode default define deflate delay
deliver denied denies deny dependency deploy deployment deprecated describe detail detected determine developer
device dial did didn different direct directive directory disable disallow disconnect discover discovery dns
docs document documentation does doesn domain don done down downstream downtime drain driver drop dropped due
duplicate duration during each early econnrefused econnreset edit ehostunreach either element else elsewhere
empty enable encode encountered end endpoint engine enotfound enough enter entity entry enum envelope
environment envoy eof equal erlang err errno error establish etimedout even event ever every everything evt
exactly example exc exceed except exception exclude execute execution exist exit exp expect expiration expire
expiry explicit expose extension external extra fail failure false fatal feature fetch few field file filter
fine finished firewall first five fix flag follow for forbid forbidden force form format forward found four
fragment frame framework from frontend full function further gateway general generate generic geo get given
gives gmt goaway goes going gone good goodbye got graphql greater had handle handshake hang hangup haproxy has
hash hasn have haven hdr header health healthy heartbeat hello help here high host hostname hour how however
html http httpstatus identifier identify identity idle ignored illegal implement import inactive inactivity
include incoming incomplete incorrect info information ingress init initial initialisation initialise
initialization initialize inject input inside inspect inspector install instance instead integer interface
internal interval into invalid invocation ipv4 ipv6 isn its itself java javascript joined json jsonrpc just jwt
keep keepalive key keyword kind know kubernetes label lack lapse large last late least length less let level lib
library like limit line link list listen live load loadbalancer local localhost location locked log logged
logging login logout long look lookup loop lost low mac made main maintenance make malformed many match matters
max maximal maximum may maybe mean mechanism memory message method middleware might migrate mime min minimal
minimum minute misdirected mismatch miss mistake mode modern module moment month more most mounted moved msg
much multiple must name namespace near need negotiate negotiation neither net network never new next nginx nil
nobody node non nonce none nope nor not nothing notice now null number oauth object obsolete obtain occur
occurred octet off offer offline often okay old once one online only onto oops opcode open openresty operate
operation option origin other otherwise our out outside over overload own package packet page panic param
parameter parse part pass passphrase password path pattern payload peer pem pending per perhaps period permanent
permessage permission permit permitted php ping pipe place plain planned platform please plugin point policies
policy poll pong pop port possible possibly post postgres powered precise prefix preflight prevent private
privilege probably problem procedure process production program promise prompt properly protected protection
protocol provide proxied proxies proxy public publish push put query quite quota raise ran rate rather raw reach
read ready really realm reason rebinding receive recent recognise recognize reconnect recursion redirect redis
reference referer refresh refuse reg register registered registry reject rejection reload remote removed renew
repeat replace reply report represent request require reserved reset resolve resource respond response
responsible restart restrict restriction result resumed retried retries retrieve retry return reused revoke
rewrite rfc right role root rotate route row rpc rsv rule run running runtime same say scheme scope script sdk
sec second secret secure security see select self send sent sequence serialization serialize serve service
session set setting setup several shall short should shouldn show shut shutdown shutting sid side sigkill sign
signature signed signing sigterm simple simultaneous since single site size slot slow sni socket software some
someone something sometimes soon sorry speak spec specific specification specified specify sql squid ssl stack
stale standard start state statement status step still stop stopped stopping stored stream strict string stuff
subdomain submitted subprotocol subscribe successfully such supersede supplied supply support sure suspended
switch sync syntax system tab tag take target task tcp technical tell temporarily temporary ten tenant terminate
test text than thank that the their them there these they thing think this those though thread three threw
throttle through throw thus till time timeout timestamp title tls today together token told tomorrow too took
top topic total toward trace traceback tracking traefik traffic transport tried trigger true trust try tunnel
turn twice two type unable unacceptable unaccepted unauthenticated unauthorised unauthorized unavailable
uncaught undefined under understand understood unexpected unhandled unhealthy uninitialized unique unknown
unless unmasked unmounted unreachable unrecognised unrecognized unregistered unset unspecified unsuccessful
unsupported until untrusted update upgrade upload uploads upon upstream uri url usage use used user username
using usual utc utf uuid valid validate validation value variable variant varnish verification verified verify
version very vhost via view violated violates violating violation virtual visible waf wait wamp want warning was
wasn way web webmaster webserver webservice website websocket week welcome well went were what when where
whether which while whitelist who why wildcard will with within without won worker working works workspace would
wouldn write written wrong www xml xsrf xss yes yet you your zero
"""
_SUBJECTS = frozenset(_WORDS.split())
"""Words that leave a handshake possible, without endings."""
_SIGNS = r"[/\\@#=\d]|\w\.\w"
_QUOTES = "'\"`\u2018\u2019\u201c\u201d"
_WORD = r"[^\W\d_]{3,}"
_ENDINGS = ("ies", "es", "s", "ed", "d", "ing", "ly", "er", "ers", "able", "n")


def other_subjects(texts: Iterable[str], evidence: Evidence) -> set[str]:
    """The words in *texts* that no handshake has, but for those of the request and of Server."""
    found = {word for text in texts for word in _others(text)}
    if not found:
        return found
    asked = f"{evidence.path} {evidence.query} {evidence.origin} {evidence.host} {evidence.protocols}"
    return found.difference(re.findall(_WORD, f"{asked} {evidence.signed}".lower()))


@lru_cache(maxsize=256)
def _others(text: str) -> tuple[str, ...]:
    named = " ".join(each for each in text.replace("_", " ").split() if not _is_value(each))
    words = re.findall(_WORD, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", named).lower())
    return tuple(word for word in words if not _known(word))


def _is_value(text: str) -> bool:
    """An address, a path, a number, or a single word in quotes."""
    bare = text.strip(".,:;!?()[]{}")
    return re.search(_SIGNS, bare) is not None or (bare[:1] in _QUOTES and bare[-1:] in _QUOTES and bare != "")


def _known(word: str) -> bool:
    return word in _SUBJECTS or any(
        (stem := word.removesuffix(end)) != word
        and len(stem) > 2
        and (stem in _SUBJECTS or f"{stem}e" in _SUBJECTS)
        for end in _ENDINGS
    )
