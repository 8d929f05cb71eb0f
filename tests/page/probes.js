// Ways in which a page could notice that its WebSocket is followed; each is a text that is the same if it is not.
const url = "ws://" + location.host + "/echo";
const probes = {
  name: () => WebSocket.name,
  length: () => WebSocket.length,
  toString: () => WebSocket.toString(),
  "Function.prototype.toString": () => Function.prototype.toString.call(WebSocket),
  "toString of toString": () => Function.prototype.toString.toString(),
  "name of toString": () => Function.prototype.toString.name + Function.prototype.toString.length,
  "keys of toString": () => Reflect.ownKeys(Function.prototype.toString).join(),
  "toString of an object": () => { try { Function.prototype.toString.call({}) } catch (e) { return e.message } },
  "own keys": () => Reflect.ownKeys(WebSocket).join(),
  "own keys of the prototype": () => Reflect.ownKeys(WebSocket.prototype).map(String).join(),
  descriptor: () => JSON.stringify(Object.getOwnPropertyDescriptor(window, "WebSocket")),
  "descriptor of constructor": () => JSON.stringify(Object.getOwnPropertyDescriptor(WebSocket.prototype, "constructor")),
  "descriptor of toString": () => JSON.stringify(Object.getOwnPropertyDescriptor(Function.prototype, "toString")),
  constructor: () => WebSocket.prototype.constructor === WebSocket,
  constants: () => [WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED].join(),
  "prototype chain": () => Object.getPrototypeOf(WebSocket) === EventTarget,
  "called without new": () => { try { WebSocket(url) } catch (e) { return e.name + e.message } },
  "no arguments": () => { try { new WebSocket() } catch (e) { return e.name + e.message } },
  "bad scheme": () => { try { new WebSocket("foo:bar") } catch (e) { return e.name + e.message + e.code } },
  instanceof: () => { const s = new WebSocket(url); s.close(); return s instanceof WebSocket },
  "constructor of a socket": () => { const s = new WebSocket(url); s.close(); return s.constructor === WebSocket },
  "own keys of a socket": () => { const s = new WebSocket(url); s.close(); return Reflect.ownKeys(s).join() },
  subclass: () => { class A extends WebSocket { hi() { return 1 } } const s = new A(url); s.close();
    return s.hi() + (s instanceof A) + (s instanceof WebSocket) + (s.constructor === A) },
  "Reflect.construct": () => { const s = Reflect.construct(WebSocket, [url], Date); s.close;
    return Object.getPrototypeOf(s) === Date.prototype },
  stringified: () => { const s = new WebSocket(url); s.close(); return JSON.stringify(s) + String(s) },
  globals: () => Object.getOwnPropertyNames(window).filter(each => each.startsWith("_")).join(),
  "the url is read once": () => { let n = 0; const s = new WebSocket({ toString() { n++; return url } }); s.close(); return n },
  "an inherited WebSocket": () => Object.create(window).WebSocket === WebSocket,
  frozen: () => Object.isExtensible(WebSocket) + "" + Object.isFrozen(WebSocket),
  "toString of another realm": () => { const f = document.createElement("iframe"); document.body.append(f);
    const text = f.contentWindow.Function.prototype.toString.call(WebSocket); f.remove(); return text },
  "depth of the stack": () => { let depth; const s = { toString() { depth = new Error().stack.split("\n").length; return url } };
    new WebSocket(s).close(); return depth },
  "a getter of JSON": () => { Object.prototype.toJSON = () => "x"; const s = new WebSocket(url); s.close(); delete Object.prototype.toJSON; return s.url === url },
};
const results = {};
for (const name in probes) {
  try { results[name] = String(probes[name]()) } catch (error) { results[name] = "threw " + error }
}
const order = [];
const socket = new WebSocket(url);
socket.addEventListener("open", () => { order.push("first"); Promise.resolve().then(() => order.push("microtask")) });
socket.onopen = () => order.push("onopen");
socket.addEventListener("open", () => { order.push("last"); setTimeout(() => {
  results.order = order.join();
  socket.onclose = event => { results.late = event.type + event.code; fetch("/seen?" + encodeURIComponent(JSON.stringify(results))) };
  socket.close();
}) });
