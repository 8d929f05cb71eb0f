// Runs the script of the measuring page in a runtime that has no page: runtime.mjs PAGE OUT [MODULE]
// MODULE: the file whose WebSocket is measured, where it is not the runtime's own. The results go to OUT.
import { readFileSync, writeFileSync } from "node:fs";

const [page, out, module] = process.argv.slice(2);
if (module) {
  const found = await import(module);
  globalThis.WebSocket = found.WebSocket ?? found.default.WebSocket ?? found.default;
}
globalThis.window = globalThis;
globalThis.document = { cookie: "" };
const uncaught = [];
const told = error => ({ name: error?.name, message: String(error?.message ?? error), at: performance.timeOrigin + performance.now() });
if (globalThis.Deno) {
  addEventListener("error", event => { event.preventDefault(); uncaught.push(told(event.error)); });
  addEventListener("unhandledrejection", event => { event.preventDefault(); uncaught.push(told(event.reason)); });
} else {
  process.on("uncaughtException", error => uncaught.push(told(error)));
  process.on("unhandledRejection", error => uncaught.push(told(error)));
}
const loaded = [];
const listen = globalThis.addEventListener;
globalThis.addEventListener = (type, listener) => type === "load" ? loaded.push(listener) : listen?.call(globalThis, type, listener);
const script = /<script>([^]*)<\/script>/.exec(readFileSync(page, "utf8"))[1];
(0, eval)(script);
loaded.forEach(listener => listener());
const waiting = setInterval(() => {
  if (!window.finished) return;
  clearInterval(waiting);
  writeFileSync(out, JSON.stringify({ results: window.results, uncaught }));
  process.exit(0);
}, 20);
