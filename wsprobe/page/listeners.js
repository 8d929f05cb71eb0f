// Reports what scripts see of each WebSocket of this page, frame or worker. It runs before all of their scripts.
//
// A page must not trip over it: a Proxy keeps name, prototype, instanceof, subclasses and own keys, and what is used
// later (getters, methods) is taken before a script can replace it. TELL is the name of a function that DevTools put
// into this global object; it is removed before any other script runs.
((name) => {
  const tell = globalThis[name];
  delete globalThis[name];
  const Real = globalThis.WebSocket;
  if (typeof tell !== "function" || typeof Real !== "function") return;
  const { apply, construct, defineProperty, getOwnPropertyDescriptor } = Reflect;
  const { stringify } = JSON;
  const getter = (type, member) => {
    const found = type && getOwnPropertyDescriptor(type.prototype, member);
    return found && found.get;
  };
  const get = (found, of) => (found ? apply(found, of, []) : undefined);
  const listen = EventTarget.prototype.addEventListener;
  const socketUrl = getter(Real, "url");
  const readyState = getter(Real, "readyState");
  const protocol = getter(Real, "protocol");
  const extensions = getter(Real, "extensions");
  const code = getter(globalThis.CloseEvent, "code");
  const reason = getter(globalThis.CloseEvent, "reason");
  const wasClean = getter(globalThis.CloseEvent, "wasClean");
  const data = getter(globalThis.MessageEvent, "data");
  const blobSize = getter(globalThis.Blob, "size");
  const bufferSize = getter(ArrayBuffer, "byteLength");
  const clock = globalThis.performance;
  const now = Performance.prototype.now;
  const origin = get(getter(Performance, "timeOrigin"), clock);
  const slice = String.prototype.slice;
  const LONGEST = 200;
  const text = (value) => (typeof value === "string" ? apply(slice, value, [0, 4096]) : "");

  const report = (kind, number, more) => {
    const said = { __proto__: null, kind, number, time: origin + apply(now, clock, []), ...more };
    tell(stringify(said));
  };
  const sizeOf = (value) => {
    try {
      return get(blobSize, value);
    } catch {
      return get(bufferSize, value);
    }
  };
  const messageOf = (event) => {
    const value = get(data, event);
    if (typeof value !== "string") return { binary: true, size: sizeOf(value) };
    return { data: apply(slice, value, [0, LONGEST]), size: value.length };
  };
  const members = {
    __proto__: null,
    open: (event, socket) => ({ protocol: text(get(protocol, socket)), extensions: text(get(extensions, socket)) }),
    message: messageOf,
    error: () => ({}),
    close: (event) => ({
      code: get(code, event),
      reason: text(get(reason, event)),
      wasClean: get(wasClean, event),
    }),
  };
  const types = ["open", "message", "error", "close"];
  const follow = (socket, number) => {
    for (let at = 0; at < types.length; at++) {
      const type = types[at];
      const heard = (event) => {
        if (event.isTrusted) report(type, number, { readyState: get(readyState, socket), ...members[type](event, socket) });
      };
      apply(listen, socket, [type, heard]);
    }
  };

  let count = 0;
  const proxy = new Proxy(Real, {
    __proto__: null,
    construct(target, given, newTarget) {
      const number = ++count;
      report("new", number);
      let socket;
      try {
        socket = construct(target, given, newTarget === proxy ? target : newTarget);
      } catch (error) {
        let of = {};
        try {
          of = { name: text(error.name), message: text(error.message) };
        } catch {
          // an exception of the page's own
        }
        report("throw", number, { ...of, url: text(given.length ? given[0] : "") });
        throw error;
      }
      report("made", number, { url: text(get(socketUrl, socket)), readyState: get(readyState, socket) });
      follow(socket, number);
      return socket;
    },
  });
  const descriptor = getOwnPropertyDescriptor(globalThis, "WebSocket");
  defineProperty(Real.prototype, "constructor", {
    ...getOwnPropertyDescriptor(Real.prototype, "constructor"),
    value: proxy,
  });
  defineProperty(globalThis, "WebSocket", { ...descriptor, value: proxy });

  // A Proxy of a class prints as a function without a name.
  const printed = Function.prototype.toString;
  const printing = new Proxy(printed, {
    __proto__: null,
    apply: (target, of, given) => apply(target, of === proxy ? Real : of === printing ? printed : of, given),
  });
  defineProperty(Function.prototype, "toString", {
    ...getOwnPropertyDescriptor(Function.prototype, "toString"),
    value: printing,
  });
})("TELL");
