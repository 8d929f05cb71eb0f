"""The section of wsprobe-serve(1) on the tests of a client, in languages other than Python."""

from __future__ import annotations

from collections.abc import Iterator

from man.build import mdoc

READY = (
    "wsprobe serve --json prints one line when it is ready. Its member ready.ws is the URL of the lab; append "
    "s/NAME for a scenario. In pytest the fixture wsprobe_lab does that: wsprobe_lab.url('status-403') is a "
    "URL."
)
SAMPLES = (
    (
        "With jest and ws:",
        """\
const { spawn } = require("node:child_process");
const { createInterface } = require("node:readline");
const WebSocket = require("ws");

let lab, url;
beforeAll(async () => {
  lab = spawn("wsprobe", ["serve", "--json", "--silent"]);
  for await (const line of createInterface(lab.stdout)) {
    url = JSON.parse(line).ready.ws + "s/";
    break;
  }
}, 30_000);
afterAll(() => lab.kill());

test("a refusal is reported", done => {
  const socket = new WebSocket(url + "status-403");
  socket.on("error", error => {
    expect(error.message).toBe("Unexpected server response: 403");
    done();
  });
});
""",
    ),
    (
        "With Go, without its imports:",
        """\
func lab(t *testing.T) string {
    serve := exec.Command("wsprobe", "serve", "--json", "--silent")
    out, err := serve.StdoutPipe()
    if err == nil {
        err = serve.Start()
    }
    var line struct{ Ready struct{ WS string } }
    if err == nil {
        t.Cleanup(func() { serve.Process.Kill(); serve.Wait() })
        err = json.NewDecoder(out).Decode(&line)
    }
    if err == nil {
        return line.Ready.WS + "s/"
    }
    t.Fatal(err)
    return ""
}

func TestRefused(t *testing.T) {
    url := lab(t) + "status-403" // hand it to your client
    answer, err := http.Get(strings.Replace(url, "ws:", "http:", 1))
    if err == nil && answer.StatusCode == 403 {
        return
    }
    t.Fatal(answer, err)
}
""",
    ),
)


def section() -> Iterator[str]:
    yield ".Ss \\&In the tests of a client"
    yield from mdoc.text(READY)
    for said, code in SAMPLES:
        yield ".Pp"
        yield from mdoc.text(said)
        yield from mdoc.literal(code.splitlines())
