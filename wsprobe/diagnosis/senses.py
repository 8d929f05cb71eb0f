"""Words of servers in the senses that the diagnosis knows, as expressions over text in lower case.

A word counts with the words around it that give it a meaning here: "origin" beside an address or "not allowed",
not of an airport; a "key" that is missing, not of a song; "too large" of a message, not of a balance. What is
named must be named in full: at the end, or before punctuation, so that no other noun follows.
tests/diagnosis/senses.txt has texts in both senses.

What else is said tells, too: a text with a word that no request, server or login has (a bus, a wallet, a
patient) is about something else, or may be. Then it is quoted, and no cause is made of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from wsprobe.diagnosis.evidence import Evidence

_BAD = (
    r"(?:missing|invalid|bad|no|without|empty|wrong|incorrect|expired|unknown|unexpected|mismatch\w*|mismatched"
    r"|required?|revoked|rejected|disallowed|forbidden|unauthori[sz]ed|untrusted|unaccept\w+|illegal|not)"
)
_FAILS = (
    r"(?:missing|invalid|expired|required|wrong|incorrect|bad|mismatch\w*|revoked|rejected|unknown|malformed"
    r"|denied|refused|fail\w*|not (?:valid|found|provided|supplied|present|accepted|allowed|match\w*|set"
    r"|verified|given)"
    r"|(?:does|did|do)(?: not|n't) match|(?:could|can)(?: not|n't)? be)"
)
_ENDS_HERE = r"(?=\W*\Z|\s*[.:;,!?()<\n]|\s*[\"'](?! ?(?:param|argument|property|attribute|query|column)))"
"""What was named is named in full: no other noun follows."""
_VALUE = r"(?:\s*[:=]?\s*(?:[\"'`(<\[][^\"'`)>\]\n]*[\"'`)>\]]|[\w*+-]*(?:://|[.:/*@#\d])[^\s\"']*|null))?"
"""A value behind its name: in quotes, or with a digit or a sign in it, as an address or an id has."""
_ADDRESS = (
    r"(?:\s*[:=]?\s*(?:[\"'`(<\[](?:[^\"'`)>\]\n]*[.:/*][^\"'`)>\]\n]*|localhost|null|none)?[\"'`)>\]]"
    r"|[\w*+-]*(?:://|[.:/*@#\d])[^\s\"']*|null))?"
)
"""A value that can be an address: in quotes too it has a sign of one."""
_IS = r"\s*(?:(?:is|was|are|were|has|have|been|you|gave|sent)\s+)*"

ORIGIN = (
    r"\bcors\b(?=\W*\Z|\s*[.:;,!?()<\n]"
    r"|[ _-](?:polic|check|error|request|header|origin|fail|reject|block|den[iy]|refus|forbid|not|is|does|valid"
    r"|violation|rule|config|setting|middleware|protection))"
    rf"|cross[- ]?(?:origin|site)|\borigin (?:header|field|check|polic|verif|valid|mismatch)"
    rf"|{_BAD}[ _-](?:\w+ )?(?:['\"]?(?:web ?socket |request |http )?origins?['\"]?){_ENDS_HERE}"
    rf"|{_BAD} (?:\w+ )?origins?{_ADDRESS[:-1]}{_ENDS_HERE}"
    rf"|(?<!\bof )\borigins?(?: header| field| value)?['\"]?{_ADDRESS}{_IS}(?:(?:not|n't)[ _](?:\w+ )?"
    r"(?:allow|permi|accept|authori|trust|[io]n[ _]|match|valid|white|recogn|list)|isn't|denied|refused"
    r"|rejected|blocked"
    r"|disallowed|forbidden|unauthori[sz]ed|untrusted|required|invalid"
    r"|missing(?! or not (?!allow|permi|accept|trust|valid))"
    r"|(?:does|did)(?: not|n't) match"
    r"|must match)"
    r"|(?:allow|accept|permi|trust|authori|white|match|same|check|verif)\w*[ _-](?:\w+ ){0,2}origins?"
    r"(?=\W*\Z|\s*[.:;,()\"'<]| (?:header|list|polic|check|http|is|are|was|for)|[ _]not)"
    r"|not allowed (?:by|from|for) (?:\w+ )?origin|\borigin in (?:the )?(?:allow|white|trust)"
)
HOST = (
    rf"host(?:name)? header|dns rebinding"
    rf"|{_BAD} (?:http |request )?(?:virtual )?host(?:name)?(?: name)?(?=\W*\Z|\s*[:;,!?()\"'<\n]|\. |\.\Z| "
    rf"[\w-]*[.:]\w)"
    rf"|(?:blocked|unknown|disallowed) (?:request|host)(?=\W*\Z|\s*[.:;,!?()\"'<\n])"
    rf"|\bhost(?:name)?(?: name)?['\"]?{_VALUE}{_IS}(?:not (?:allowed|permitted|served|an ip|recognized|known"
    rf"|found|in (?:the )?"
    r"(?:allow|list|white))|blocked|denied|unknown|invalid|mismatch)(?=\W*\Z|\s*[.:;,!?()\"'<\n]| (?:on|by"
    r"|for|here|list))"
)
_OF_SESSIONS = (
    r"(?:connection|client|socket|request|session|user|subscri\w+|login|log in|attempt|message|call|quer(?:y"
    r"|ies)"
    r"|rate|event|open|concurrent|simultaneous|api|peer|device|tab|retr(?:y|ies))"
)
LIMIT = (
    rf"too many(?! (?:\w+ )?hops| (?:redirect|open file|header))(?: \w+)?[ -]{_OF_SESSIONS}|\A\W*too many\W*\Z"
    rf"|rate[-_ ]?limit|\bthrottl(?:ed|ing)\b|connection limit|\b{_OF_SESSIONS}s?\b[^.:;,\n]{{0,12}}\b(?:quota"
    rf"|limit) (?:\w+ )?"
    r"(?:exceed|reach|hit)|(?:exceed|over|reach)\w* (?:the |your )?(?:request|connection|rate|message|api"
    r"|call)\w* (?:quota|limit)"
    rf"|(?:request|connection|message|api|call|rate)\w* quota|limit (?:reached|exceeded) for (?:\w+ "
    rf")?{_OF_SESSIONS}"
    rf"|(?:max(?:imum)?|limit)[^.\n]{{0,24}}(?:connections|clients|sockets|users|sessions|requests)"
    r"|(?:\A|please |[.:;,!] ?)slow down|calm down"
)
CREDENTIALS = (
    rf"(?:{_BAD}|auth\w*|access|bearer|csrf|xsrf|api|security|session|refresh|login|jwt|web)[- "
    rf"_'\"]{{1,3}}(?:\w+[- _]){{0,2}}"
    rf"token\b(?<!unexpected token)"
    rf"|(?<!unexpected )(?<!\d )(?<!more )\btokens?\b['\"]?[- _:]{{0,2}}(?:\w+ ){{0,4}}{_FAILS}"
    rf"|(?:query|parameter|header|provide|send|with|your)[^.\n]{{0,16}}\btoken\b|\A\W*(?:\w+ )?tokens?\W*\Z"
    rf"|unauthenticated|authenticat(?!ion)|(?:unauthori[sz]ed|authentication|authori[sz]ation)\b|credential"
    rf"|{_BAD} (?:\w+ ){{0,2}}(?:password|passphrase)|(?:password|passphrase)\b[^.\n]{{0,16}}{_FAILS}"
    rf"|\A\W*(?:password|passphrase)\W*\Z"
    r"|(?:please|must|need to|required? to|have to|not|first|again)\b[^.\n]{0,12}\b(?:log|sign)(?:ged|ned)?[- "
    r"]?in\b"
    r"|\A\W*(?:please )?(?:log|sign)[- ]?in\W*(?:\Z|(?:to|first|again|required|with|please|before|failed"
    r"|error|page)\b)"
    rf"|\b(?:log|sign)[- ]?in (?:is )?{_FAILS}|(?:invalid|bad|failed|wrong|no|unknown) (?:log|sign)[- ]?in\b"
    r"|\bapi[- _]?key|(?:access|auth|stream)[- ]key|\bjwt\b|csrf|xsrf"
    rf"|bearer (?:token|realm|auth|scheme|is |was |missing|required)|{_BAD} bearer"
    rf"|{_BAD} (?:\w+ ){{0,2}}cookie\b|(?:session|auth\w*|login|csrf)[- ]?cookie"
    rf"|\bcookie\b['\"]?{_VALUE}{_IS}{_FAILS}"
    rf"|(?:client|shared|app|api|{_BAD})[- _](?:\w+ )?secret{_ENDS_HERE}|\bsecret\b(?: key)?{_IS}{_FAILS}"
    rf"|{_BAD} (?:\w+ )?(?<!key )signature|(?<!key )signature\b"
    rf"(?: of (?:the |your )?\w+| verif\w+| valid\w+| check| header| field| is| was)*{_VALUE} ?{_FAILS}"
    rf"|\bkey (?:is |was )?(?:provided|supplied|missing|required|invalid)(?! ['\"])|(?:invalid|(?<!has )"
    r"(?<!have )no|wrong|bad"
    rf"|missing) key"
    r"(?=\W*\Z|\s*[.;,!?()<\n])"
    rf"|not allowed to connect(?=\W*\Z|\s*[.:;,]| (?:here|to this|with|from))|\b(?:no|missing) (?:user "
    rf"?)?(?:id|user){_ENDS_HERE}"
)
_NAMED = (
    r"(?:session|sid|channel|room|namespace|target|inspector uuid|client id|connection id|stream|topic|game"
    r"|lobby"
    r"|mount ?point)"
)
_ID = r"(?:[ _-]?(?:id|name|key|code|number|uuid|token))?"
NO_SESSION = (
    r"\b(?!no[- _]room\b)(?:no|unknown|invalid|missing|expired|bad|wrong|unrecognized)[- _]?(?:such )?"
    rf"(?:web ?socket )?{_NAMED}{_ID}"
    r"(?=\W*\Z|\s*[.:;,!?()\"'<#=]|\s+(?:with|called|named|found|exists?|provided|specified|given|in (?:the "
    r")?(?:query|url|path|request))\b"
    r"|\s+[\w-]*\d)"
    rf"|\b{_NAMED}{_ID}(?:{_VALUE}{_IS}(?:(?:or|been) \w+ )?(?:unknown|invalid|expired|closed"
    rf"|(?:not|isn't) available{_ENDS_HERE}|"
    r"not found|does not exist|doesn't exist|not exist)|(?: \S+){0,3} (?:not found|does not exist"
    r"|doesn't exist))"
    rf"|malformed inspector uuid"
)
_PATHS = r"(?:path|route|url|uri|endpoint)"
NO_ROUTE = (
    r"no (?:web ?socket )?(?:route|handler|endpoint|mapping|listener|page|app)s?(?=\W*\Z|\s*[.:;,!?()\"'<]"
    r"|\s+(?:for|found|at|"
    r"match\w*|registered|configured|defined|here|with|exists?|listen\w*|on)\b)|no (?:matching "
    r")?route(?=\W*\Z|\s*[.:;,(]| (?:for|found|match|to /))"
    r"|\bcannot (?:get|post|connect|head|put)\b(?= /|\W*\Z| to /)|(?:unknown|invalid|no such|wrong) (?:path"
    r"|url|endpoint|route)"
    rf"(?=\W*\Z|\s*[.;,!?()\"'<]|\s+/|\s*:\s*(?:/|[\"']|\S+\W*\Z))"
    rf"|\b{_PATHS}{_ADDRESS}{_IS}(?:does |do |did |could )?"
    r"(?:(?:not|n't)"
    rf"[ _](?:be )?(?:found|match\w*|registered"
    r"|supported|configured|defined|exist\w*|allowed|valid|known|available|served|handled|recogni[sz]ed"
    r"|implemented)|unknown|invalid|mismatch)"
    r"|received path"
)
NOT_THERE = (
    r"not[ _]found|no such \w+(?: \w+)?(?=\W*\Z|\s*[:;,(\"'])|does(?: not|n't) exist"
    r"|unknown resource|no (?:resource|gateway)\b"
)
STOPS = (
    r"(?:\A\W*|\b(?:server|service|node|system|worker|instance|app(?:lication)?|gateway|site|proxy|process|we"
    r"|it)\b[^.\n]{0,20})"
    r"(?:\bshutting down|\bshut ?down|\bdraining|(?:under |in |for |scheduled )?\bmaintenance(?! of)\b)"
    r"|(?:down|closed|offline|unavailable) for (?:\w+ )?maintenance"
    r"|(?:scheduled|planned|routine) maintenance(?! of\b| on\b)"
    r"|server (?:is )?(?:stopp|restart|going)"
)
BLOCKS = (
    r"\bwaf\b|firewall|mod_?security|\brequest\w* (?:was |has been |is )?blocked"
    r"|blocked (?:by|due to) (?:\w+ ){0,2}(?:rule|polic|admin|security|filter|cloudflare|proxy|server|access"
    r"|network|ip\b|geo|ban|abuse)"
    r"|security (?:rule|policy)(?=\W*\Z|\s*[.:;,(#\"']| (?:id )?\d| (?:violat|match|trigger|block|den|reject"
    r"|refus))"
    r"|\b(?:ip|address)\b[^.\n]{0,20}(?:blocked|banned|denied|not allowed)|blacklist|blocklist"
    r"|\bgeo[- _]?(?:ip\b|block|restrict)"
)
_BEHIND = r"(?:back-?end|upstream|target|origin server|downstream)"
UNREACHED = (
    rf"upstream connect|connect(?:ion)? to (?:the )?(?:{_BEHIND}|server)[^.\n]{{0,20}}(?:failed|refused|error"
    rf"|closed)"
    rf"|{_BEHIND}(?: (?:server|service|connection|host|application|fetch|socket"
    rf"|\S*[:/\d]\S*))*[^\w\n]*{_IS}(?:currently )?"
    r"(?:down|unavailable|unreachable|failed|refused|closed|error|not (?:available|reachable|running)"
    r"|could not (?:be (?:reached|contacted)|connect)|(?:did|does) not (?:respond|answer))"
    rf"|(?:failed|unable|could not|cannot|can't) (?:to )?(?:connect|reach|proxy)\b(?=\W*\Z|\s*[.:;,(]|(?: "
    rf"to)?(?: the)?(?: \w+)? "
    rf"(?:{_BEHIND}|server|service|application|app|host|database|remote|container|port|\S*[:/\d]\S*))"
    r"|no healthy upstream|error occurr?ed while trying to proxy|proxy error"
)
REFUSES = (
    r"(?:forbidden|\bdenied|\breject(?!ion)|\brefus|not (?:allowed|permitted|authori[sz]ed|entitled)"
    r"|disallow|banned)"
)
_OF_CLIENTS = (
    r"\b(?:request|conn\w*|access|client|user|permission|role|scope|polic\w+|account|log\w*|sign\w*|auth\w*"
    r"|you)\b"
)
TURNED_AWAY = (
    rf"\A\W*{REFUSES}\w*(?=\W*\Z|\s*[;,.(]| (?:by|for|to|from|because|due|as)\b|:[^\n]*{_OF_CLIENTS})"
    r"|(?:\b(?:access"
    rf"|connection|request|client|session|permission|handshake|login|user|address|ip|upgrade|device"
    rf"|account|server|you)\b[^.\n]{{0,24}}){REFUSES}(?!\w* (?:your|his|her|their|my|our)\b)"
    rf"|{REFUSES}[^.\n]{{0,24}}\b(?:request|connection|handshake|access|client)"
)
"""A refusal of the session: a Close may also be about an offer that was refused in it."""
_TIMED = (
    r"(?:conn\w*|sessions?|sockets?|clients?|idle|inactiv\w*|p[io]ng|keep-?alives?|heartbeats?|reads?|receiv\w*|recv"
    r"|web ?socket|ws|servers?|users?|network|peers?|activity|response|requests?|messages?|data|silence|poll\w*"
    r"|wait\w*|has|have|was|were|been|you|it)"
)
TIMED_OUT = (
    rf"(?<!upstream )(?<!database )(?<!query )(?<!backend )\b{_TIMED}\b[^\w.\n]*(?:\w+ )?"
    rf"\b(?:timed[- ]?out|timeout)\b|\A\W*time[d-]?[ -]?out\W*\Z"
    rf"|(?:\A|[.:;,()-]\s)\W*(?:timed[- ]?out|timeout)\b"
)
"""A limit of time on the connection, not on a move in a game or an examination."""
INACTIVE = (
    r"\binactivity\b|\b(?:conn\w*|session|client|socket|been|being|were|was|you) inactive\b"
    r"|\binactive (?:conn\w*|session|client|socket|for|too|since)\b|\A\W*inactive\W*\Z"
)
RAISED = (
    r"\b(?:unhandled|uncaught|internal|unexpected|server|runtime|an)[- _]exception\b"
    r"|\bexceptions?\b(?=\W*\Z|\W*:|\W+(?:was|were|occur\w*|caught|raised|thrown|while|during|handling"
    r"|in (?:the )?(?:thread|handler|callback|asgi|wsgi|application|view|server)))|[a-z0-9]exception\b"
    r"|traceback|\bpanic(?:ked\b|:| at\b| in\b| while\b)|goroutine"
    r"|uncaught \(?(?:in promise|\w*error)|unhandled (?:promise|rejection|error)|stack ?trace"
    r"|\b(?!terror\b)[a-z0-9]+error\b|segfault|\bassert(?:ion)?[ _-]?(?:fail|error|violat)|fail\w* assertion"
    r"|nil pointer|undefined is not|is not a function|null ?pointer"
)
"""An exception of a program, by a name of one (``ValueError``) or by what programs do with it."""
RAISED_HERE = (
    r"\A\W*(?:(?:unhandled|uncaught|internal|server|error|an?|the|handler|application|failed|caught|raised|connection"
    r"|socket|fatal|unexpected|due|to|because|of|by|while|in|with|closed|exception|handling|message|request|python"
    r"|caused)\W+)*[\w.]*(?:error|exception)\b|unhandled|uncaught|traceback|goroutine"
    r"|panicked|panic: (?:runtime|interface|http)|is not a function"
    r"|undefined is not|nil pointer|null ?pointer|internal|segfault"
)
"""In a Close: an exception of the server itself, and not of a program, a test or a build that it runs."""


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
logging login logout long look lookup loop lost low mac made main maintenance make malformed many mapped match
matters max maximal maximum may maybe mean mechanism memory message method middleware might migrate mime min
minimal minimum minute misdirected mismatch miss mistake mode modern module moment month more most mounted moved
msg much multiple must name namespace near need negotiate negotiation neither net network never new next nginx
nil nobody node non nonce none nope nor not nothing notice now null number oauth object obsolete obtain occur
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
