"""What is to be known of ``--cluster`` before a cluster is started; part of wsprobe-connect(1)."""

from __future__ import annotations

CLUSTERS = (
    (
        "What to start",
        "On one machine: dask scheduler --host ADDRESS, with an address that the others reach. On each "
        "machine that is to ask: dask worker tcp://ADDRESS:8786 --nthreads 1 --nworkers 4 --name "
        "frankfurt, with as many workers as it has cores, because one Python process asks with one core. "
        "Then here: wsprobe connect --cluster tcp://ADDRESS:8786 --json @urls.txt. The same Python "
        "packages are wanted on all of them, the scheduler's machine too: pip install 'wsprobe[cluster]'. "
        "Another version of wsprobe is refused; other versions of Dask or Python are named, and tried. A "
        "nanny, which dask worker starts unless told --no-nanny, starts a worker that died anew.",
    ),
    (
        "To ask from many places",
        "With --from-each a worker is a place: start one on each machine, --nworkers 1, and give it the name "
        "of the place, as that is what the columns say. The scheduler may be on this machine, as long as the "
        "others reach it. wsprobe connect --cluster tcp://ADDRESS:8786 --from-each wss://chat.example/ws then "
        "shows what this machine got (here), and frankfurt, and tokyo; wsprobe compare with the same words "
        "and --browser-mode what a script sees in each. What is said below a row where they differ is the "
        "likely cause, by the status, by whether the name had the same addresses there, and by whether the "
        "same one answered. A place asks from its own addresses, with its own resolver and its own "
        "authorities; what it sends is the same everywhere.",
    ),
    (
        "Who is trusted",
        "A cluster of Dask runs whatever code anybody who reaches its scheduler sends it, and what comes "
        "back is read by pickle: who runs the cluster could run code on this machine. Use a scheduler of "
        "your own, reached from no network but yours, or over tls:// with certificates for both sides. "
        "Those stand in Dask's own configuration (distributed.comm.tls, or "
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE and its like), which this program reads too.",
    ),
    (
        "What is sent",
        "The URLs, and what the options say, with the cookies of -b FILE, the credentials of --netrc and the "
        "proxies of the environment, which are all read here: the workers' own environment is not looked at "
        "(--noproxy '*' asks without a proxy). They stand in the memory of the scheduler and of workers, and "
        "are written to no file by this program. Passwords, cookies, netrc files, headers that are secrets by "
        "their names (Authorization, say) and requests written by hand go to a scheduler and to workers whose "
        "addresses are tls:// or on loopback, such as the near end of an SSH tunnel: from the far end of one "
        "the scheduler goes on to its workers, and those are looked at too. With any other the command ends "
        "with status 2 before anything of it is sent, unless --cluster-trusted is said; --from-each and "
        "compare are no exception. Recordings that compare has read there hold all that was sent, and are "
        "held to the same. What comes back, bodies and Set-Cookie too, comes the same way. Query strings of "
        "URLs and messages of --send are not looked into. Not sent, but refused: --cacert, --capath, --cert, "
        "--key, --unix-socket and --interface, which are of this machine, and the lab. Workers trust the "
        "authorities of their own machine.",
    ),
    (
        "What it costs",
        "Measured on one machine of two cores with 3,000 refusals and --json (tests/bench/cluster.py): a URL "
        "takes about three times the processor of connect without a cluster, with one worker, two, or four on "
        "the same two cores. A quarter of that falls on the machine that gives out the URLs, more than half of "
        "which is the half second with which it begins, and a tenth on the scheduler: by these figures one "
        "scheduler keeps six workers busy. About 100 bytes a URL go out by way of the scheduler, and its line "
        "of JSON comes back (4 kB). In chunks of 10 in place of 50 it is 1.7 times as much, in chunks of 200 a "
        "sixth less. With --from-each a URL and place takes about three times with two or three places, and "
        "four times with five; without --json a few hundred bytes of each come back.",
    ),
    (
        "When something dies",
        "A worker: its chunk, of URLs or of recordings, goes to another one. A chunk that four workers died "
        "with is asked URL by URL, and a URL that kills four more is named. A machine that is cut off without "
        "a word is given up by the scheduler after its worker-ttl, five minutes. The last worker: one is "
        "waited for, then the run ends with status 2. The scheduler: the run ends with status 2. What is "
        "printed by then is whole, and with --resume the same command goes on from there. With --from-each no "
        "other worker can do what one had in hand: it is waited for as long as --connect-timeout says, and "
        "has its chunk again when one of its name is there; what went with it twice, and what is left when it "
        "stays away, is not asked from there: the cell says so, --json has no line, and a count at the end. "
        "After ^C or SIGTERM the chunks are taken back, and workers stop asking within a second; they do so "
        "too if this process is killed.",
    ),
)
"""(tag, text)."""
