"use strict";
/* The page of the lab. Whatever a server sent is put into text nodes only. */
const PREFIX = document.documentElement.dataset.prefix;
const STATES = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"];
const TITLES = {
  "403": "A refusal: 403", "refused": "A port where nothing listens", "302-ws": "A redirect",
  "accept-wrong": "A wrong Sec-WebSocket-Accept", "wss-unknown-ca": "A certificate that is not trusted",
  "close-4403": "Accepted, then closed with 4403",
};
const AT_ONCE = 8;
const byId = id => document.getElementById(id);
const results = new Map();
let lab, byName, trusted = null, running = false;

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "class") made.className = value; else made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined && child !== ""));
  return made;
}

async function get(path) {
  const answer = await fetch(PREFIX + path);
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

/* Runs one scenario and has it held against the views: { seen, times, engines, wire, job }. */
async function run(name, host, settled) {
  const job = await get("job/" + encodeURIComponent(name) + "?host=" + encodeURIComponent(host || lab.hosts[0]));
  const { seen, times } = await runJob(job, settled);
  const held = await send(PREFIX + "held", seen);
  return { job, seen, times, ...held };
}

/* Whether this browser trusts the lab's authority, so that a scenario over TLS can open. */
async function trusts() {
  if (trusted === null) {
    try {
      const found = await runJob(await get("job/wss-ok?host=" + encodeURIComponent(lab.hosts[0])));
      trusted = found.seen.events.some(event => event.type === "open");
    } catch (error) { trusted = false; }
  }
  return trusted;
}

const UNTRUSTED = "this browser does not trust the certificate authority of the lab, so all of its certificates fail in the same way";
const leftOut = (one, trust) => one.left || (one.trust && !trust ? UNTRUSTED : "");

/* ---- What was on the wire, and what script saw ---- */

function text(lines) {
  const made = el("pre", { tabindex: "0" });
  lines.forEach(([line, end], index) => {
    made.append(line);
    if (end) made.append(el("span", { class: "end" }, end), index < lines.length - 1 ? "\n" : "");
  });
  return made;
}

function wire(result, whole) {
  const made = el("div");
  const { job } = result;
  if (!result.wire.length) {
    if (result.seen.exception) made.append(el("p", { class: "deed" }, "Nothing: no connection was made."));
    else if (job.wire.length) job.wire.forEach(line => made.append(el("p", { class: "deed" }, line)));
    else made.append(el("p", { class: "deed" }, whatHappened(result)));
  }
  result.wire.forEach((one, index) => {
    if (result.wire.length > 1) made.append(el("p", { class: "deed" }, "Connection " + (index + 1)));
    if (whole) made.append(el("details", {}, el("summary", {}, "the request of this browser"), text(one.request)));
    one.deeds.forEach(deed => {
      if (deed.lines.length) made.append(text(deed.lines));
      else made.append(el("p", { class: "deed" }, "the server " + deed.do));
    });
    if (one.left) made.append(el("p", { class: "deed" }, one.left + " more bytes"));
  });
  return made;
}

function whatHappened(result) {
  const url = result.job.url;
  if (url.startsWith("wss:") || url.startsWith("https:"))
    return "No request reached the server: the connection or TLS failed first.";
  return "No request reached the server.";
}

function words(event) {
  switch (event.type) {
    case "open": return [`protocol "${event.protocol}"`, event.extensions ? ` extensions "${event.extensions}"` : ""];
    case "message": return [event.hex !== undefined && event.hex !== null ? `binary ${event.hex}` : JSON.stringify(event.data),
      event.size ? ` (${event.size} in all)` : ""];
    case "close": return [`code ${event.code} reason "${event.reason}" wasClean ${event.wasClean}`];
    case "throw": return [`${event.name}: ${event.message}`];
    default: return [""];
  }
}

function events(seen, times) {
  const made = el("ol", { class: "events" });
  const add = (kind, name, rest, at) => made.append(el("li", { class: kind },
    typeof at !== "number" ? null : el("span", { class: "at" }, at.toFixed(at < 10 ? 1 : 0) + " ms"), el("b", {}, name), " ", ...rest));
  if (seen.exception) {
    add("bad", "throws", [`${seen.exception.name}: ${seen.exception.message}`]);
    return made;
  }
  seen.events.forEach((event, index) => {
    const bad = event.type === "error" || event.type === "throw" || (event.type === "close" && !event.wasClean);
    add(bad ? "bad" : "good", event.type === "throw" ? "throws" : event.type, words(event), times && times[index]);
  });
  if (!seen.events.length) add("", "nothing", ["reached the script"]);
  if (seen.capped) {
    add("", "no more", ["so the page called close()"]);
    seen.capped.events.forEach(event => add("", event.type, words(event)));
  }
  const state = seen.readyState;
  if (state !== null && state !== undefined && state !== 3) add("", "readyState", [`${state} ${STATES[state]}`]);
  return made;
}

/* ---- The question ---- */

async function showFront() {
  const cards = byId("cards");
  if (cards.childElementCount) return;
  const made = lab.front.map(name => {
    const one = byName.get(name);
    const left = el("div"), right = el("div");
    const card = el("article", { class: "card" }, el("h2", {}, TITLES[name] || name), el("p", {}, one.summary),
      el("div", { class: "sides" }, el("section", {}, el("h3", {}, "On the wire"), left),
        el("section", {}, el("h3", {}, "Script sees"), right)),
      el("p", { class: "more" }, el("a", { href: "#/s/" + encodeURIComponent(name), "aria-label": "more about " + name }, "more")));
    cards.append(card);
    return { name, card, left, right };
  });
  const told = [];
  for (const { name, card, left, right } of made) {
    const one = byName.get(name);
    if (one.left) { left.append(el("p", {}, "Not run: " + one.left)); continue; }
    try {
      const result = await run(name);
      left.append(wire(result, false));
      right.append(events(result.seen, null));
      told.push({ name, key: JSON.stringify([result.seen.exception, result.seen.events]), seen: result.seen });
      if (result.seen.events.some(event => event.type === "close" && event.wasClean)) card.classList.add("told");
    } catch (error) { right.append(el("p", { class: "bad" }, "Not run: " + error.message)); }
  }
  byId("verdict").textContent = verdict(told);
}

function verdict(told) {
  const failures = told.filter(one => one.name !== "close-4403");
  const counts = new Map();
  failures.forEach(one => counts.set(one.key, (counts.get(one.key) || []).concat(one)));
  const most = [...counts.values()].sort((a, b) => b.length - a.length)[0] || [];
  const close = most.length && most[0].seen.events.find(event => event.type === "close");
  const others = failures.filter(one => !most.includes(one));
  const number = (others.length ? "" : "all ") + ["none", "one", "two", "three", "four", "five", "six"][most.length];
  let said = close
    ? `To a script in this browser, ${number} of these failures look the same: error, then close ${close.code} without a reason.`
    : "wsprobe knows no browser in which these failures look like this.";
  for (const one of others) {
    const closed = one.seen.events.find(event => event.type === "close");
    const opened = one.seen.events.some(event => event.type === "open");
    const what = (TITLES[one.name] || one.name).replace(/^A /, "a ");
    said += opened ? ` It follows ${what}, and opens.` : ` It tells ${what} apart${closed ? `: ${closed.code}` : ""}.`;
  }
  return said;
}

/* ---- The list ---- */

function showList() {
  const wanted = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean), subject = byId("subject").value;
  const found = lab.scenarios.filter(one => (!subject || one.subject === subject)
    && wanted.every(word => (one.name + " " + one.summary + " " + one.subject).toLowerCase().includes(word)));
  byId("count").textContent = found.length === 1 ? "1 scenario" : found.length + " scenarios";
  const groups = new Map();
  found.forEach(one => groups.set(one.subject, (groups.get(one.subject) || []).concat(one)));
  byId("list").replaceChildren(...[...groups].flatMap(([title, some]) => [el("h2", {}, title),
    el("ul", {}, ...some.map(one => el("li", {}, el("a", { href: "#/s/" + encodeURIComponent(one.name) }, one.name),
      " ", mark(one.name), one.summary)))]));
}

function mark(name) {
  const result = results.get(name), engine = lab.browser.engine;
  const row = result && result.engines.find(one => one.name === engine);
  if (!row) return null;
  return row.differences.length ? el("span", { class: "bad" }, "differs: ") : el("span", { class: "good" }, "as predicted: ");
}

/* ---- One scenario ---- */

async function showOne(name) {
  const one = byName.get(name);
  byId("one-name").textContent = name;
  byId("one-subject").textContent = one ? "/ " + one.subject : "";
  byId("one-summary").textContent = one ? one.summary : "The lab has no scenario with that name.";
  byId("again").hidden = !one;
  for (const id of ["one-wire", "one-seen", "one-below"]) byId(id).replaceChildren();
  if (one) await runOne(one);
}

async function runOne(one) {
  const state = byId("one-state");
  byId("again").disabled = true;
  state.textContent = "running …";
  state.className = "";
  try {
    const why = one.left || (one.trust && !(await trusts())
      ? UNTRUSTED + ". Trust it first: authority.pem, below" : "");
    if (one.left) throw new Error("not run: " + why);
    const result = await run(one.name);
    if (byId("one-name").textContent !== one.name) return;
    results.set(one.name, result);
    byId("one-wire").replaceChildren(wire(result, true));
    byId("one-seen").replaceChildren(events(result.seen, result.times));
    byId("one-below").replaceChildren(...below(result, why));
    state.textContent = "";
  } catch (error) {
    state.textContent = error.message;
    state.className = "bad";
  } finally { byId("again").disabled = false; }
}

function below(result, why) {
  const engine = result.engines.find(one => one.name === lab.browser.engine);
  const made = [el("h2", {}, "Hidden from the script")];
  const shown = engine || result.engines[0];
  made.push(shown.hidden.length ? el("ul", {}, ...shown.hidden.map(what => el("li", {}, what)))
    : el("p", {}, "Nothing of what the server said."));
  made.push(el("h2", {}, "What wsprobe predicts"));
  if (why) made.push(el("p", { class: "note" }, "Note: " + why + "."));
  if (engine) made.push(...prediction(engine, true));
  else made.push(el("p", {}, "wsprobe does not know the engine of this browser. Compared with those that were measured:"));
  const others = result.engines.filter(one => one !== engine);
  made.push(...others.map(one => el("details", engine ? {} : { open: "" },
    el("summary", {}, titleOf(one) + ": " + (one.differences.length ? "differs" : "the same")), ...prediction(one, false))));
  return made;
}

function titleOf(row) {
  const engine = lab.engines.find(one => one.name === row.name);
  return engine.title + " " + engine.version;
}

function prediction(row, named) {
  const made = [];
  if (!row.differences.length)
    made.push(el("p", { class: "good" }, (named ? titleOf(row) + ": " : "") + "predicted and seen: the same."));
  else {
    if (named) made.push(el("p", { class: "bad" }, titleOf(row) + ": predicted and seen differ."));
    made.push(el("ul", { class: "mono" }, ...row.differences.map(line => el("li", {}, line))));
    made.push(el("p", {}, "Predicted:"), events(row.says, null));
  }
  if (row.races) made.push(el("p", { class: "note" }, "Differs from run to run: " + row.races));
  if (row.because) made.push(el("p", {}, el("small", {}, "decided by: " + row.because)));
  return made;
}

/* ---- All of them ---- */

async function runAll() {
  if (running) { running = false; return; }
  running = true;
  byId("start").textContent = "Stop";
  byId("save").hidden = byId("send").hidden = true;
  byId("progress").hidden = false;
  const trust = await trusts();
  const left = new Map(lab.scenarios.map(one => [one.name, leftOut(one, trust)]).filter(([, why]) => why));
  const waiting = lab.scenarios.filter(one => !left.has(one.name)).map(one => one.name);
  const of = waiting.length, found = new Map(), failed = new Map(), began = Date.now();
  const under = new Set();
  const one = async (name, host, settled) => {
    try {
      const result = await run(name, host, settled);
      found.set(name, result);
      results.set(name, result);
    } catch (error) {
      left.set(name, error.message);
      failed.set(name, host);
    }
    byId("all-state").textContent = `${found.size} of ${of}: ${name}`;
    byId("progress").value = (found.size + left.size) / lab.scenarios.length;
    if (found.size % 10 === 0) showAgreement(found);
  };
  /* Browsers make one handshake at a time with one address; once it is over, the next may begin. */
  const lane = async host => {
    while (running && waiting.length) {
      while (under.size >= AT_ONCE) await Promise.race(under);
      const name = waiting.shift();
      if (!name) break;
      await new Promise(next => {
        const work = one(name, host, next).finally(() => { under.delete(work); next(); });
        under.add(work);
      });
    }
  };
  await Promise.all(lab.hosts.map(lane));
  await Promise.all(under);
  await runAgain(found, left, failed);
  const seconds = Math.round((Date.now() - began) / 1000);
  byId("all-state").textContent = (running ? "" : "Stopped. ") + `${found.size} scenarios run in ${seconds} s, ${left.size} left out.`;
  running = false;
  byId("start").textContent = "Run all again";
  byId("save").hidden = !found.size;
  byId("send").hidden = !found.size || !lab.keeps;
  showAgreement(found);
  showDiffering(found);
  showLeft(left);
  byId("save").onclick = () => save(found, left);
  byId("send").onclick = () => hand(found, left);
  document.documentElement.dataset.run = "over";
  if (new URLSearchParams(location.search).has("send")) await hand(found, left);
}

/* What differs or failed is run again, with nothing beside it: on a busy machine moments decide. *failed*: the
   host by the name of the scenario. */
async function runAgain(found, left, failed) {
  if (!found.size) return;
  const engine = nearest(found);
  const differs = ([, result]) => result.engines.find(one => one.name === engine).differences.length;
  const doubtful = [...[...found].filter(differs).map(([name, before]) => [name, before.job.host]), ...failed];
  for (const [index, [name, host]] of doubtful.entries()) {
    if (!running) return;
    byId("all-state").textContent = `running again, one at a time, what differs or failed: ${index + 1} of ${doubtful.length}: ${name}`;
    try {
      const result = await run(name, host);
      found.set(name, result);
      results.set(name, result);
      left.delete(name);
    } catch (error) { /* what it was the first time stands */ }
  }
}

function count(rows, engine) {
  const ours = rows.map(result => result.engines.find(one => one.name === engine));
  return { same: ours.filter(one => !one.differences.length).length,
    races: ours.filter(one => one.differences.length && one.races).length, of: ours.length };
}

function showAgreement(found) {
  if (!found.size) return byId("agreement").replaceChildren();
  const kinds = new Map();
  for (const [name, result] of found) {
    const kind = byName.get(name).about;
    kinds.set(kind, (kinds.get(kind) || []).concat(result));
  }
  const row = (title, rows, sum) => el("tr", sum ? { class: "sum" } : {}, el("th", { scope: "row" }, title),
    ...lab.engines.map(engine => {
      const { same, of } = count(rows, engine.name);
      return el("td", { class: "number" + (same === of ? " good" : "") }, `${same}/${of}`);
    }));
  const all = [...found.values()];
  const best = [...lab.engines].sort((a, b) => count(all, b.name).same - count(all, a.name).same)[0];
  const sums = count(all, best.name);
  byId("agreement").replaceChildren(
    el("h2", {}, "Agreement with each engine's view"),
    el("p", {}, `Nearest to ${best.title} ${best.version}: ${sums.same} of ${sums.of} the same`
      + (sums.races ? `, ${sums.races} known to differ from run to run.` : ".")),
    el("div", { class: "table", role: "region", "aria-label": "Agreement", tabindex: "0" },
      el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Kind"),
        ...lab.engines.map(engine => el("th", { scope: "col", class: "number" }, engine.title + " " + engine.version)))),
      el("tbody", {}, ...[...kinds].sort(([a], [b]) => a < b ? -1 : 1).map(([kind, rows]) => row(kind, rows)),
        row("all", all, true)))));
}

function nearest(found) {
  const all = [...found.values()];
  return lab.browser.engine
    || [...lab.engines].sort((a, b) => count(all, b.name).same - count(all, a.name).same)[0].name;
}

function showDiffering(found) {
  const engine = nearest(found), title = titleOf({ name: engine });
  const rows = [...found].map(([name, result]) => [name, result.engines.find(one => one.name === engine)])
    .filter(([, row]) => row.differences.length);
  byId("differ").replaceChildren(el("h2", {}, "What differs from " + title), rows.length
    ? el("ul", {}, ...rows.map(([name, row]) => el("li", {}, el("a", { href: "#/s/" + encodeURIComponent(name) }, name), " ",
      row.races ? el("span", { class: "note" }, "(known to differ from run to run) ") : null,
      ...row.differences.map(line => el("div", { class: "mono" }, line)))))
    : el("p", { class: "good" }, "Nothing."));
}

function showLeft(left) {
  const why = new Map();
  for (const [name, reason] of left) why.set(reason, (why.get(reason) || []).concat(name));
  byId("left").replaceChildren(...(left.size ? [el("h2", {}, "Left out"),
    ...[...why].map(([reason, names]) => el("p", {}, `${names.length}: ${reason}. `, el("span", { class: "mono" }, names.join(", ")))),
    trusted ? null : el("p", {}, "To run those over TLS too, install ", el("a", { href: PREFIX + "authority.pem" }, "the authority's certificate"),
      ". Trust it for as long as this lab runs, load this page again, and take it out again afterwards.")].filter(Boolean) : []));
}

function head(left) {
  return { format: 1, engine: lab.browser.name || "unknown", version: lab.browser.version, userAgent: navigator.userAgent,
    wsprobe: lab.version, page: location.origin + "/", date: new Date().toISOString(), leftOut: Object.fromEntries(left) };
}

function save(found, left) {
  const lines = [head(left), ...[...found.values()].map(result => result.seen)].map(value => JSON.stringify(value) + "\n");
  const link = el("a", { download: `${lab.browser.name || "browser"}-${lab.browser.version || "unknown"}.jsonl`,
    href: URL.createObjectURL(new Blob(lines, { type: "application/x-ndjson" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function hand(found, left) {
  const all = [...found.values()].map(result => result.seen), id = String(Math.random()).slice(2), size = 100;
  try {
    for (let at = 0; at < all.length; at += size) {
      await send(PREFIX + "keep", { run: id, browser: head(left), seen: all.slice(at, at + size), last: at + size >= all.length });
    }
    byId("all-state").textContent += " Sent.";
    byId("send").hidden = true;
  } catch (error) { byId("all-state").textContent += " Not sent: " + error.message; }
}

/* ---- Where we are ---- */

function show(moved) {
  const [, page, name] = location.hash.match(/^#\/([^/]*)\/?(.*)$/) || ["", "", ""];
  const section = { s: "one", scenarios: "scenarios", all: "all" }[page] || "front";
  for (const id of ["front", "scenarios", "one", "all"]) byId(id).hidden = id !== section;
  document.querySelectorAll("nav a").forEach(link => {
    const here = link.getAttribute("href") === "#/" + (section === "front" ? "" : section === "one" ? "scenarios" : section);
    if (here) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  });
  document.title = "wsprobe lab: " + { front: "the question", scenarios: "scenarios", one: decodeURIComponent(name || ""), all: "run all" }[section];
  if (moved) { byId("main").focus({ preventScroll: true }); scrollTo(0, 0); }
  if (section === "front") showFront();
  if (section === "scenarios") showList();
  if (section === "one") showOne(decodeURIComponent(name));
}

async function begin() {
  lab = await get("scenarios");
  byId("loading").remove();
  byName = new Map(lab.scenarios.map(one => [one.name, one]));
  const engine = lab.engines.find(one => one.name === lab.browser.engine);
  byId("browser").textContent = engine
    ? `${lab.browser.title}, compared with ${engine.title} ${engine.version}` : `${lab.browser.title}: engine not known`;
  byId("about").textContent = `wsprobe ${lab.version}. ${lab.scenarios.length} scenarios. This page loads nothing from other servers.`;
  byId("subject").append(...[...new Set(lab.scenarios.map(one => one.subject))].map(title => el("option", { value: title }, title)));
  byId("words").addEventListener("input", showList);
  byId("subject").addEventListener("change", showList);
  byId("search").addEventListener("submit", event => event.preventDefault());
  byId("again").addEventListener("click", () => runOne(byName.get(byId("one-name").textContent)));
  byId("start").addEventListener("click", runAll);
  const unasked = new URLSearchParams(location.search).has("run");
  if (unasked) history.replaceState(null, "", "#/all");
  addEventListener("hashchange", () => show(true));
  show(false);
  if (unasked) await runAll();
}

begin().catch(error => { (byId("loading") || byId("browser")).textContent = "The page could not be loaded: " + error.message; });
