"use strict";
/* Runs a job in a frame of its own and shapes what came of it as wsprobe keeps it. */
const MOST_EVENTS = 40, PATIENCE = 15000;

async function send(path, value) {
  const answer = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value),
  });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

/* { seen, times }: what script saw, and the milliseconds of its events. Rejects where the frame does not load.
   settled() is called once it is known whether the socket opens. */
function runJob(job, settled) {
  if (!job.jar && !job.cookies) return onStage(job, settled);
  const turn = jar.then(() => onStage(job, settled));
  jar = turn.catch(() => {});
  return turn;
}

/* The cookie jar is one for all: those who set or read cookies take turns. */
let jar = Promise.resolve();

function onStage(job, settled) {
  return new Promise((resolve, reject) => {
    const frame = document.createElement("iframe");
    frame.className = "stage";
    frame.title = "the page that opens the socket";
    frame.tabIndex = -1;
    /* What the frame says is known by its name: WebKitGTK's event.source is not the frame's contentWindow. */
    frame.name = Array.from(crypto.getRandomValues(new Uint8Array(12)), b => b.toString(16)).join("-");
    frame.setAttribute("aria-hidden", "true");
    const end = () => {
      removeEventListener("message", listen);
      clearTimeout(timer);
      frame.remove();
    };
    const listen = event => {
      if (!event.data || event.data.name !== frame.name) return;
      if (event.data.wsprobe === "ready") {
        frame.contentWindow.postMessage({ name: frame.name, key: job.key, job }, "*");
        clearTimeout(timer);
        timer = setTimeout(fail, job.cap + PATIENCE);
      } else if (event.data.wsprobe === "settled") {
        if (settled) settled();
      } else if (event.data.wsprobe === "over") {
        end();
        resolve(shape(job, event.data.result));
      }
    };
    const fail = () => { end(); reject(new Error("the page that opens the socket did not load, or did not answer in time")); };
    let timer = setTimeout(fail, PATIENCE);
    addEventListener("message", listen);
    frame.src = job.stage;
    document.body.append(frame);
  });
}

function shape(job, result) {
  const times = result.events.map(event => event.at);
  const all = result.events.map(({ at, where, ...event }) => event);
  const cap = all.findIndex(event => event.type === "cap");
  let before = cap < 0 ? all : all.slice(0, cap);
  let exception = null;
  if (result.events.length && result.events[0].where === "constructor") {
    const { name, message, code } = before[0];
    exception = { name, message, code };
    before = before.slice(1);
  }
  const state = value => value === undefined ? null : value;
  const seen = {
    scenario: job.name, exception, url: result.url, events: before.slice(0, MOST_EVENTS),
    readyState: state(cap < 0 ? result.readyState : all[cap].rs), host: job.host,
  };
  if (before.length > MOST_EVENTS) seen.readyState = null;
  else if (cap >= 0) seen.capped = { events: all.slice(cap + 1), readyState: state(result.readyState) };
  if (typeof result.value === "string") seen.value = result.value;
  return { seen: named(seen, job.ports || {}), times: exception ? times.slice(1) : times };
}

/* Ports vary from run to run; what listens there is written in their place. */
function named(value, ports) {
  if (typeof value === "string") {
    for (const [name, port] of Object.entries(ports))
      value = value.replace(new RegExp(":" + port + "(?![0-9])", "g"), ":{" + name + "}");
    return value;
  }
  if (Array.isArray(value)) return value.map(item => named(item, ports));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, named(item, ports)]));
  return value;
}
