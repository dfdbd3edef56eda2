'use strict';
// http_client.js - Titanium.Network.HTTPClient.
//
// The state machine is native; here are Titanium's argument rules, the payloads
// of the callbacks, and what only JavaScript has: JSON, a DOM, Blobs.

const native = require('./native');
const Blob = require('./blob');
const { makeBody } = require('./http_body');
const { Proxy, defineAccessors, defineConstants, hidden, notSupported } = require('./proxy');

// Kinds of events, bits of interest and of send(); bindings/node/ has the same.
const READYSTATE = 1;
const DATASTREAM = 2;
const SENDSTREAM = 3;
const REDIRECT = 4;
const DONE = 5;

const INTEREST = { onreadystatechange: 1, ondatastream: 2, onsendstream: 4, onredirect: 8 };

const SEND_AUTO_REDIRECT = 1;
const SEND_AUTO_ENCODE = 2;
const SEND_VALIDATES = 4;
const SEND_WAITS = 8;
const SEND_CLOSES = 16;
const SEND_SYNC = 32;
const SEND_AGAIN = 64;

const STATES = { UNSENT: 0, OPENED: 1, HEADERS_RECEIVED: 2, LOADING: 3, DONE: 4 };

const BINARY_TYPE = /^(application\/(?!.*xml$)|image\/(?!.*xml$)|audio\/|video\/)/i;

// Milliseconds for the library: -1 is its default.  ti: 2.11
function milliseconds(value) {
  const ms = Number(value);
  return value === undefined || value === null || Number.isNaN(ms) || ms < 0 ? -1 : ms;
}

function typeOf(header) {
  return String(header || '').split(';')[0].trim();
}

class HTTPClient extends Proxy {
  constructor(dictionary) {
    super();
    this._attached = false;
    this._sync = false;
    this._refused = false;
    this._interest = 0;
    this._cache = null; // what was made of the finished response
    if (dictionary) this.applyProperties(dictionary);
  }

  _attach() {
    native.attach(this);
    this._attached = true;
    if (this._interest) native.setInterest(this, this._interest);
  }

  open(method, url, async) {
    if (url === null || url === undefined || url === '') throw new Error('HTTPClient.open: the URL is missing');
    if (method === null || method === undefined) throw new TypeError('HTTPClient.open: the method is missing');
    let target = String(url);
    const formatter = HTTPClient.network.httpURLFormatter;
    if (typeof formatter === 'function' && !this._isRunning()) {
      const formatted = formatter(target); // ti: 1.7
      this._refused = typeof formatted !== 'string' || formatted === '';
      if (this._refused) return;
      target = formatted;
    } else {
      this._refused = false;
    }
    if (!this._attached) this._attach();
    const sync = async !== undefined && async !== null && !async; // ti: 2.14
    if (!this._isRunning()) {
      this._cache = null;
      this._sync = sync;
    }
    native.open(this, String(method), target);
  }

  _isRunning() {
    return this._attached && native.isRunning(this);
  }

  send(data) {
    if (this._refused) {
      setImmediate(refuse, this);
      return;
    }
    if (!this._attached || native.state(this) === STATES.UNSENT) {
      throw new Error('HTTPClient.send: call open() first');
    }
    const running = native.isRunning(this);
    let flags = this._flags();
    let body = null;
    if (arguments.length === 0) flags |= SEND_AGAIN;
    else if (!running) body = makeBody(data);
    if (!running) this._cache = null;
    native.send(this, body, flags, milliseconds(this.timeout), milliseconds(this.timeoutForResource), this._path());
  }

  _flags() {
    let flags = 0;
    if (this.autoRedirect !== false) flags |= SEND_AUTO_REDIRECT;
    if (this.autoEncodeUrl !== false) flags |= SEND_AUTO_ENCODE;
    if (this.validatesSecureCertificate !== false) flags |= SEND_VALIDATES;
    if (this.waitsForConnectivity === true) flags |= SEND_WAITS;
    // Only the application's own `false`, not the default.  ti: 2.2
    if (this.enableKeepAlive === false && Object.hasOwn(this, 'enableKeepAlive')) flags |= SEND_CLOSES;
    if (this._sync) flags |= SEND_SYNC;
    return flags;
  }

  // ti: 2.13
  _path() {
    const file = this.file;
    if (file === undefined || file === null || file === '') return null;
    if (typeof file === 'string') return require('./filesystem').getFile(file).nativePath;
    if (file.apiName === 'Ti.Filesystem.File') return file.nativePath;
    throw new TypeError('HTTPClient.file: a path or a Titanium.Filesystem.File is expected');
  }

  abort() {
    if (this._attached) native.abort(this);
  }

  setRequestHeader(name, value) {
    if (arguments.length < 2) throw new TypeError('HTTPClient.setRequestHeader: a name and a value are expected');
    if (!this._attached) this._attach();
    native.setHeader(this, String(name), value === undefined || value === null ? null : String(value));
  }

  getResponseHeader(name) {
    if (name === undefined || name === null) throw new TypeError('HTTPClient.getResponseHeader: a name is expected');
    return this._attached ? native.header(this, String(name)) : null;
  }

  getAllResponseHeaders() {
    return this.allResponseHeaders;
  }

  getAllRequestHeaders() {
    return this._attached ? native.allRequestHeaders(this) : '';
  }

  clearCookies() {
    throw notSupported('Ti.Network.HTTPClient.clearCookies', 'cookies are not kept');
  }

  get readyState() {
    return this._attached ? native.state(this) : STATES.UNSENT;
  }

  get status() {
    return this._attached ? native.status(this) : 0;
  }

  get statusText() {
    return this._attached ? native.statusText(this) : null;
  }

  get connected() {
    const state = this.readyState;
    return state >= STATES.OPENED && state <= STATES.LOADING;
  }

  get location() {
    return this._attached ? native.location(this) : null;
  }

  get connectionType() {
    return this._attached ? native.method(this) : null;
  }

  get allResponseHeaders() {
    return this._attached ? native.allHeaders(this) : '';
  }

  get responseHeaders() {
    const headers = {};
    if (!this._attached) return headers;
    const list = native.headers(this);
    const names = new Map(); // lower case -> the spelling that came first
    for (let i = 0; i < list.length; i += 2) {
      const lower = list[i].toLowerCase();
      const name = names.get(lower);
      if (name === undefined) {
        names.set(lower, list[i]);
        headers[list[i]] = list[i + 1];
      } else if (Array.isArray(headers[name])) {
        headers[name].push(list[i + 1]);
      } else {
        headers[name] = [headers[name], list[i + 1]];
      }
    }
    return headers;
  }

  // Makes a part of the response once it is complete; before that, each time.
  _part(name, make) {
    if (this.readyState !== STATES.DONE) return make(this);
    if (!this._cache) this._cache = {};
    if (!(name in this._cache)) this._cache[name] = make(this);
    return this._cache[name];
  }

  get responseText() {
    if (this.readyState < STATES.HEADERS_RECEIVED) return null;
    const cached = this._cache && this._cache.text;
    if (cached !== undefined && cached !== null) return cached;
    const text = native.text(this);
    // A large text lives only as long as the application holds it.
    if (text !== null && text.length < 512 * 1024 && this.readyState === STATES.DONE) {
      if (!this._cache) this._cache = {};
      this._cache.text = text;
    }
    return text;
  }

  get responseData() {
    return this.readyState < STATES.LOADING ? null : this._part('data', makeData);
  }

  get responseXML() {
    return this.readyState < STATES.DONE ? null : this._part('xml', makeXML);
  }

  get responseDictionary() {
    const value = this._json();
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : null;
  }

  get responseArray() {
    const value = this._json();
    return Array.isArray(value) ? value : null;
  }

  _json() {
    return this.readyState < STATES.DONE ? null : this._part('json', makeJSON);
  }
}

function makeData(client) {
  const content = native.content(client);
  const type = typeOf(content.type) || undefined;
  if (content.path) return Blob.fromPath(content.path, type);
  if (content.fd !== undefined) return Blob.fromFd(content, content.length, type);
  return Blob.fromBuffer(content.buffer, type);
}

// ti: 2.12 - null, never an exception
function makeXML(client) {
  const type = typeOf(client.getResponseHeader('Content-Type'));
  const text = BINARY_TYPE.test(type) ? null : client.responseText;
  if (!text) return null;
  try {
    return require('./xml').parseString(text);
  } catch {
    return null;
  }
}

function makeJSON(client) {
  try {
    return JSON.parse(client.responseText);
  } catch {
    return null;
  }
}

function refuse(client) {
  finish(client, -1, 'httpURLFormatter gave no URL', 'TINET_EURL');
}

// ti: 2.5.1 - an HTTP error without onerror goes to onload, so that no result is
// lost.
function finish(client, code, error, reason) {
  if (code === undefined) {
    const onload = client.onload;
    if (typeof onload === 'function') onload.call(client, { type: 'load', source: client, success: true, code: 0 });
    return;
  }
  const payload = { type: 'error', source: client, success: false, code, error, reason };
  if (typeof client.onerror === 'function') {
    client.onerror(payload);
  } else if (reason === 'TINET_EHTTPSTATUS' && typeof client.onload === 'function') {
    payload.type = 'load';
    client.onload(payload);
  }
}

function progress(client, type, progress, totalCount, totalSize, size) {
  return { type, source: client, progress, totalCount, totalSize, size };
}

// Everything the library reports; `this` is the client.
function dispatch(kind, a, b, c, d) {
  switch (kind) {
    case DONE:
      finish(this, a, b, c);
      break;
    case READYSTATE:
      this._readystate.call(this, { type: 'readystatechange', source: this, readyState: a });
      break;
    case DATASTREAM:
      this._datastream.call(this, progress(this, 'datastream', a, b, c, d));
      break;
    case SENDSTREAM:
      this._sendstream.call(this, progress(this, 'sendstream', a, b, c, d));
      break;
    case REDIRECT:
      this._redirect.call(this, { type: 'redirect', source: this });
      break;
  }
}

// The handlers that many clients do not have: native code asks for them only
// when they are set.
for (const name of Object.keys(INTEREST)) {
  const field = '_' + name.slice(2).replace('change', '');
  Object.defineProperty(HTTPClient.prototype, name, {
    get() { return this[field]; },
    set(handler) {
      hidden(this, field, handler);
      const bit = INTEREST[name];
      this._interest = typeof handler === 'function' ? this._interest | bit : this._interest & ~bit;
      if (this._attached) native.setInterest(this, this._interest);
    },
    enumerable: true,
    configurable: true,
  });
}

// ti: 2.2 - the defaults; an assignment makes a property of the client's own.
Object.assign(HTTPClient.prototype, {
  onload: undefined,
  onerror: undefined,
  timeout: 15000,
  timeoutForResource: 604800000,
  waitsForConnectivity: false,
  autoRedirect: true,
  autoEncodeUrl: true,
  enableKeepAlive: false,
  file: undefined,
  validatesSecureCertificate: undefined,
  withCredentials: false,
});

function isUnset(value) {
  return value === undefined || value === null || value === '';
}

// Not there yet: an effective value says so instead of being ignored.
const LATER = {
  cache: { unset: (value) => !value, value: false },
  username: { unset: isUnset },
  password: { unset: isUnset },
  domain: { unset: isUnset },
  tlsVersion: { unset: (value) => isUnset(value) || value === 0 },
  securityManager: { unset: isUnset },
};
for (const name of Object.keys(LATER)) {
  Object.defineProperty(HTTPClient.prototype, name, {
    get() { return LATER[name].value; },
    set(value) {
      if (!LATER[name].unset(value)) throw notSupported(`Ti.Network.HTTPClient.${name}`);
    },
    enumerable: true,
    configurable: true,
  });
}

for (const name of ['_attached', '_sync', '_refused', '_interest', '_cache']) hidden(HTTPClient.prototype, name, undefined);

defineConstants(HTTPClient, STATES);
defineConstants(HTTPClient.prototype, STATES);
defineAccessors(HTTPClient.prototype, ['onload', 'onerror', ...Object.keys(INTEREST), 'timeout', 'timeoutForResource',
  'waitsForConnectivity', 'autoRedirect', 'autoEncodeUrl', 'enableKeepAlive', 'file', 'validatesSecureCertificate',
  'withCredentials', ...Object.keys(LATER)]);
defineAccessors(HTTPClient.prototype, ['readyState', 'status', 'statusText', 'responseText', 'responseData', 'responseXML',
  'responseDictionary', 'responseArray', 'responseHeaders', 'location', 'connectionType', 'connected'], true);

HTTPClient.apiName = 'Ti.Network.HTTPClient';
HTTPClient.titaniumName = 'TiNetworkHTTPClient';
HTTPClient.network = {}; // network.js puts itself here

native.setup(dispatch, (text) => require('./api').warn(text));

module.exports = HTTPClient;
