"""The section Clusters of wsprobe-connect(1): how to start one, what it costs, and what is sent to it."""

from __future__ import annotations

CLUSTERS = (
    (
        "What to start",
        "On one machine, start the scheduler: dask scheduler --host ADDRESS, with an address that the others "
        "can reach. On each machine that is to try URLs, start the workers: dask worker tcp://ADDRESS:8786 "
        "--nthreads 1 --nworkers 4 --name frankfurt. Use as many workers as the machine has cores, because "
        "one Python process uses one core. Then, on this machine: wsprobe connect --cluster "
        "tcp://ADDRESS:8786 --json @urls.txt. All of them, the scheduler's machine too, need the same Python "
        "packages, wsprobe with the extra cluster. wsprobe refuses a worker with another version of wsprobe; "
        "it reports other versions of Dask or Python, and tries them. dask worker restarts a worker that dies "
        "(--no-nanny turns this off).",
    ),
    (
        "To try a URL from many places",
        "With --from-each a worker is a place: start one on each machine, with --nworkers 1, and name it "
        "after the place, because its name heads a column. The scheduler may run on this machine, if the "
        "others can reach it. wsprobe connect --cluster tcp://ADDRESS:8786 --from-each wss://chat.example/ws "
        "then shows the result from this machine (here), from frankfurt and from tokyo. wsprobe compare with "
        "the same arguments and --browser-mode shows what a script sees in each. Where places differ, a line "
        "below the row has the likely cause. It follows from the status, from the addresses that DNS returned "
        "in each place, and from the address that answered. Every place uses its own addresses, resolver and "
        "certificate authorities; the request is the same everywhere.",
    ),
    (
        "Who is trusted",
        "A Dask cluster runs any code from anyone who can reach its scheduler, and this machine reads the "
        "results with pickle: whoever controls the cluster could run code here. Use a scheduler of your own "
        "that only your network can reach, or tls:// with certificates for both sides. The certificates are "
        "named in Dask's own configuration (distributed.comm.tls, or DASK_DISTRIBUTED__COMM__TLS__CA_FILE and "
        "so on), which wsprobe reads too.",
    ),
    (
        "What is sent",
        "wsprobe sends the URLs and the options to the workers, with the cookies of -b FILE, the credentials "
        "of --netrc and the proxies of this machine's environment. The workers do not use their own "
        "environment (--noproxy '*' turns proxies off). All this stays in the memory of the scheduler and the "
        "workers; wsprobe writes it to no file there. Secrets go only to a scheduler and to workers whose "
        "addresses are tls:// or loopback, such as the near end of an SSH tunnel. (The scheduler at the far "
        "end forwards them to its workers, so wsprobe checks the addresses of the workers too.) Secrets are "
        "passwords, cookies, netrc files, headers with a secret by their name (such as Authorization), raw "
        "requests, and recordings that compare reads. With any other address the command ends with status 2 "
        "before it sends any of them, unless --cluster-trusted is given. The results, with bodies and "
        "Set-Cookie, come back over the same connections. wsprobe does not look for secrets in query strings "
        "or in messages of --send. It refuses --cacert, --capath, --cert, --key, --unix-socket, --interface "
        "and lab: URLs, because they exist on this machine only. Workers trust the authorities of their own "
        "machines.",
    ),
    (
        "What it costs",
        "Measured on one machine with two cores, with 3,000 refusals and --json (tests/bench/cluster.py): a "
        "URL takes about three times the processor time of connect without a cluster, with one, two or four "
        "workers on the same two cores. The machine that gives out the URLs uses a quarter of that, more than "
        "half of it in the half second at the start; the scheduler uses a tenth. By these figures one "
        "scheduler keeps six workers busy. Through the scheduler, about 100 bytes go out for each URL, and a "
        "line of JSON (4 kB) comes back. Chunks of 10 instead of 50 cost 1.7 times as much, chunks of 200 a "
        "sixth less. With --from-each, each URL and place costs about three times as much with two or three "
        "places, and four times with five; without --json, a few hundred bytes come back for each.",
    ),
    (
        "When something dies",
        "A worker: another one gets its chunk of URLs or recordings. If a chunk was lost with four workers, "
        "its URLs are tried one by one; wsprobe reports a URL that kills four more. If a machine disappears "
        "without closing its connection, the scheduler gives it up after its worker-ttl, five minutes. The "
        "last worker: wsprobe waits for another one, then ends with status 2. The scheduler: wsprobe ends "
        "with status 2. The results printed until then are complete, and with --resume the same command "
        "continues from there. With --from-each no other worker can take over: wsprobe waits as long as "
        "--connect-timeout says, and gives the chunk to the next worker with the same name. URLs that were "
        "lost with it twice, or that are left when it stays away, are not tried from that place: the cell "
        "says so, --json has no line for them, and a line at the end counts them. After ^C or SIGTERM wsprobe "
        "takes the chunks back, and the workers stop within a second; they also stop if this process is "
        "killed.",
    ),
)
"""(tag, text)."""
