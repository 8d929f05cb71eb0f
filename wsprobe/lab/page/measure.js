"use strict";
/* Opens one WebSocket and writes down all that script is told of it.

   measure(job, hooks, result) resolves to result: { began, url, events, readyState, value? }. A job has name, url,
   acts, cap (ms), construct, and where they were given protocols, linger (ms): how long an open socket is
   watched, in place of cap, and grace (ms): how long close is waited for after error, since some never come. hooks are functions (ws, url, rec), all optional: before,
   construct, after, on_open, on_message, at_end, and settled, when it is known whether the socket opens. An event has at, the milliseconds since the socket was made, and
   rs, readyState while it was delivered; "cap" is where we gave up and called close(). */
const AFTER_CAP = 3000, GRACE = 60, LONG = 200, MOST = 1000;

function measure(job, hooks, result) {
  const now = () => performance.timeOrigin + performance.now();
  const hex = bytes => Array.from(new Uint8Array(bytes), b => b.toString(16).padStart(2, "0")).join("");
  const whole = text => text.replace(/[\ud800-\udbff]$/, "");
  const text = data => data.length > LONG ? { data: whole(data.slice(0, LONG)), size: data.length } : { data };
  const binary = data => data.byteLength > LONG
    ? { hex: hex(data.slice(0, LONG)), size: data.byteLength } : { hex: hex(data) };
  const said = error => error instanceof Object
    ? `${error.name}: ${error.message}${error.code === undefined ? "" : ` [${error.code}]`}` : String(error);
  const unhex = digits => Uint8Array.from(digits.match(/../g) || [], pair => parseInt(pair, 16));

  return new Promise(resolve => {
    let ws, timer, ended = false;
    Object.assign(result, { events: [], began: now(), url: "" });
    const rec = (type, more) => {
      if (type === "message" && result.events.length > MOST) return;
      const event = { type };
      if (ws) event.rs = ws.readyState;
      result.events.push(Object.assign(event, more, { at: now() - result.began }));
    };
    const threw = (where, error) =>
      rec("throw", { where, name: error.name, message: error.message, code: "code" in error ? error.code : null });
    const run = where => {
      if (!hooks[where]) return;
      try { return hooks[where](ws, result.url, rec); }
      catch (error) { threw(where, error); }
    };
    const act = one => {
      try {
        if (one.do === "close") ws.close(...one.arguments.map(value => value === null ? undefined : value));
        else ws.send(one.do === "binary" ? unhex(one.hex) : one.text);
      } catch (error) { threw(one.do === "close" ? "close" : "send", error); }
    };
    const acts = when => job.acts.filter(one => one.when === when).forEach(act);
    const end = () => {
      if (ended) return;
      ended = true;
      if (ws) result.readyState = ws.readyState;
      if (hooks.at_end) result.value = run("at_end");
      resolve(result);
    };
    const lingered = () => {
      /* A close that has begun is waited for: Chromium takes 2 s. */
      if (ws.readyState === WebSocket.CLOSING) timer = setTimeout(cap, job.cap);
      else cap();
    };
    const cap = () => {
      if (ended) return;
      rec("cap");
      try { ws.close(); } catch (error) { threw("cap", error); }
      setTimeout(end, AFTER_CAP);
    };
    run("before");
    result.began = now();
    try {
      if (hooks.construct) ws = hooks.construct(null, job.url, rec);
      else if (job.construct === "call") ws = WebSocket(job.url);
      else if (job.construct === "no-arguments") ws = new WebSocket();
      else if ("protocols" in job) ws = new WebSocket(job.url, job.protocols);
      else ws = new WebSocket(job.url);
    } catch (error) {
      threw("constructor", error);
      run("settled");
      setTimeout(end, GRACE);
      return;
    }
    result.url = ws.url;
    ws.binaryType = "arraybuffer";
    ws.onopen = () => {
      /* On a busy machine a handshake takes its time, which is not the session's. */
      clearTimeout(timer);
      timer = "linger" in job ? setTimeout(lingered, job.linger) : setTimeout(cap, job.cap);
      rec("open", { protocol: ws.protocol, extensions: ws.extensions });
      acts("open");
      run("on_open");
      run("settled");
    };
    ws.onmessage = event => {
      rec("message", typeof event.data === "string" ? text(event.data) : binary(event.data));
      acts("message");
      run("on_message");
    };
    ws.onerror = event => {
      /* A browser's event says nothing; a runtime's may say what went wrong. */
      rec("error", event.message === undefined ? {} : { message: event.message, error: said(event.error) });
      if ("grace" in job) {
        clearTimeout(timer);
        timer = setTimeout(cap, job.grace);
      }
      run("settled");
    };
    ws.onclose = event => {
      rec("close", { code: event.code, reason: event.reason, wasClean: event.wasClean });
      run("settled");
      setTimeout(end, GRACE);
    };
    job.acts.filter(one => one.when === "time").forEach(one => setTimeout(act, one.after, one));
    acts("created");
    run("after");
    timer = setTimeout(cap, job.cap);
  });
}
