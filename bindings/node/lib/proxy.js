'use strict';
// proxy.js - what every Titanium object has: events, applyProperties, apiName.
//
// Objects are made tens of thousands a second (an HTTPClient a request), so a
// proxy has no state of its own until somebody listens.

const LISTENERS = Symbol('listeners');

// An exception in a listener is reported as uncaught and stops nobody else.
function reportUncaught(error) {
  process.nextTick(() => {
    throw error;
  });
}

class Proxy {
  addEventListener(name, listener) {
    if (typeof listener !== 'function') throw new TypeError(`addEventListener('${name}'): the listener is not a function`);
    if (!this[LISTENERS]) Object.defineProperty(this, LISTENERS, { value: new Map() });
    const list = this[LISTENERS].get(String(name));
    if (list) list.push(listener);
    else this[LISTENERS].set(String(name), [listener]);
  }

  removeEventListener(name, listener) {
    const list = this[LISTENERS] && this[LISTENERS].get(String(name));
    const at = list ? list.indexOf(listener) : -1;
    if (at < 0) return;
    list.splice(at, 1);
    if (list.length === 0) this[LISTENERS].delete(String(name));
  }

  hasListeners(name) {
    return Boolean(this[LISTENERS] && this[LISTENERS].has(String(name)));
  }

  fireEvent(name, payload) {
    const list = this[LISTENERS] && this[LISTENERS].get(String(name));
    if (!list) return;
    const event = Object.assign({}, payload, {
      type: String(name),
      source: this,
      bubbles: false,
      cancelBubble: false,
    });
    for (const listener of list.slice()) {
      try {
        listener.call(this, event);
      } catch (error) {
        reportUncaught(error);
      }
    }
  }

  applyProperties(properties) {
    if (properties === null || typeof properties !== 'object') return;
    // What is read-only stays as it is, as by an assignment in sloppy code.
    for (const key of Object.keys(properties)) Reflect.set(this, key, properties[key]);
  }

  toString() {
    return `[object ${this.constructor.titaniumName || this.constructor.name}]`;
  }

  get [Symbol.toStringTag]() {
    return this.constructor.titaniumName || this.constructor.name;
  }

  toJSON() {
    return plainValues(this);
  }
}

// The values that an application put on a proxy, as JSON.stringify may follow
// them: a proxy among them is its name and a cycle ends, because a payload that
// was kept leads back through its `source`.
function plainValues(proxy) {
  const values = {};
  for (const key of Object.keys(proxy)) {
    const { value } = Object.getOwnPropertyDescriptor(proxy, key);
    if (!key.startsWith('_') && typeof value !== 'function') values[key] = plain(value, []);
  }
  return values;
}

function plain(value, above) {
  if (value instanceof Proxy) return Object.prototype.toString.call(value);
  if (!isPlain(value) && !Array.isArray(value)) return value;
  if (above.includes(value)) return undefined;
  const below = [...above, value];
  if (Array.isArray(value)) return value.map((item) => plain(item, below));
  return Object.fromEntries(Object.keys(value).map((key) => [key, plain(value[key], below)]));
}

function isPlain(value) {
  if (value === null || typeof value !== 'object' || typeof value.toJSON === 'function') return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

// The proxy's place in the tree of user interface objects; it has none here.
Object.defineProperties(Proxy.prototype, {
  apiName: { get() { return this.constructor.apiName; }, configurable: true },
  bubbleParent: { value: true, writable: true },
  lifecycleContainer: { value: null, writable: true },
});

defineAccessors(Proxy.prototype, ['bubbleParent', 'lifecycleContainer']);
defineAccessors(Proxy.prototype, ['apiName'], true);

function capitalized(name) {
  return name[0].toUpperCase() + name.slice(1);
}

// getFoo() and setFoo(v) for each name; read-only ones have no setter.  ti: Titanium.Proxy
function defineAccessors(prototype, names, readOnly) {
  for (const name of names) {
    const get = 'get' + capitalized(name);
    const set = 'set' + capitalized(name);
    if (!(get in prototype)) hidden(prototype, get, function () { return this[name]; });
    if (!readOnly && !(set in prototype)) hidden(prototype, set, function (value) { this[name] = value; });
  }
}

function hidden(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
}

function defineConstants(object, constants) {
  for (const name of Object.keys(constants)) {
    Object.defineProperty(object, name, { value: constants[name], enumerable: true });
  }
}

// A TypeError or RangeError as all exceptions of Titanium are: with a `code`.
function mistake(Kind, message) {
  return Object.assign(new Kind(message), { code: -1 });
}

function notSupported(member, why) {
  const error = new Error(`${member} is not supported yet by tinet${why ? ': ' + why : ''}`);
  error.code = 'ERR_TINET_NOT_SUPPORTED';
  error.member = member;
  return error;
}

module.exports = { Proxy, defineAccessors, defineConstants, hidden, mistake, notSupported, reportUncaught };
