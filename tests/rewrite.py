"""``python -m tests.rewrite``: writes all expectations and the manual anew; ``git diff`` shows what changed."""

import argparse
import subprocess
import sys

WRITERS = (
    *("man.build", "tests.cli.printed", "tests.trace.rules", "tests.browsers_views.edges"),
    *("tests.diagnosis.rules", "tests.diagnosis.sessions", "tests.diagnosis.varied", "tests.diagnosis.first"),
    *("tests.judge.test_session_rules", "tests.session.test_conversations", "tests.talk.test_session"),
    *("tests.http2.test_rules", "tests.http2.test_session", "tests.http2.test_read", "tests.read.test_read"),
    *("tests.net.test_exchanges", "tests.calls"),
)

if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    for module in WRITERS:
        subprocess.run([sys.executable, "-m", module], check=True)
