'use strict';
// cookie.js - Titanium.Network.Cookie.
//
// A value of its own: what is changed in it has no effect until it is added to a
// store.  Properties are converted when they are assigned.

const api = require('./api');
const { Proxy, defineAccessors } = require('./proxy');

const PATTERN = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?\s*(Z|[+-]\d\d:?\d\d)?$/;
const HTTP_DATE = /^[A-Za-z]{3,9},? \d{1,2}[ -][A-Za-z]{3}[ -]\d{2,4} \d\d:\d\d:\d\d(?: GMT)?$|^[A-Za-z]{3} [A-Za-z]{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

function isUnset(value) {
  return value === undefined || value === null;
}

function textOf(value) {
  return isUnset(value) ? undefined : String(value);
}

// ti: Titanium.Network.Cookie.expiryDate - milliseconds since 1970, or NaN
function parseExpiry(value) {
  if (value instanceof Date) return value.getTime();
  const text = String(value).trim();
  const parts = PATTERN.exec(text);
  if (parts) {
    const fraction = (parts[7] || '').padEnd(3, '0');
    const zone = (parts[8] || 'Z').replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
    return Date.parse(`${text.slice(0, 19)}.${fraction}${zone}`);
  }
  return HTTP_DATE.test(text) ? Date.parse(/GMT$/.test(text) ? text : `${text} GMT`) : NaN;
}

function formatExpiry(ms) {
  return new Date(ms).toISOString().replace('Z', '+0000');
}

class Cookie extends Proxy {
  #name;
  #expires = NaN;
  #maxAge = -1;
  #flags = { secure: false, httponly: false };
  #version = 0;
  #texts = {};

  constructor(dictionary) {
    super();
    if (isUnset(dictionary)) return;
    this.#name = textOf(dictionary.name);
    for (const key of Object.keys(dictionary)) if (key !== 'name') this[key] = dictionary[key];
  }

  get name() { return this.#name; }
  set name(value) {
    api.warn(`Cookie.name is read-only after creation; '${value}' is ignored`);
  }

  // ti: Titanium.Network.Cookie.expiryDate
  get expiryDate() { return Number.isNaN(this.#expires) ? undefined : formatExpiry(this.#expires); }
  set expiryDate(value) {
    this.#expires = isUnset(value) ? NaN : parseExpiry(value);
    if (!isUnset(value) && Number.isNaN(this.#expires)) {
      api.warn(`Cookie.expiryDate: '${value}' is not a date of the form yyyy-MM-ddTHH:mm:ss.SSS+0000`);
    }
  }

  // ti: Titanium.Network.Cookie.maxAge - negative = not set
  get maxAge() { return this.#maxAge; }
  set maxAge(value) {
    const seconds = isUnset(value) ? -1 : Math.trunc(Number(value));
    this.#maxAge = Number.isNaN(seconds) || seconds < 0 ? -1 : seconds;
  }

  get version() { return this.#version; }
  set version(value) {
    const number = Math.trunc(Number(value));
    this.#version = isUnset(value) || Number.isNaN(number) ? 0 : number;
  }

  // ti: Titanium.Network.Cookie.isValid
  isValid() {
    const { name, value, path } = this;
    return typeof name === 'string' && name !== '' && name.trim() === name && !/[\x00-\x1f\x7f;=]/.test(name) &&
      typeof value === 'string' && !/[\x00-\x1f\x7f;]/.test(value) &&
      typeof path === 'string' && path.startsWith('/') && this.hostDomain() !== null;
  }

  // The domain a store keeps it under, with its leading dot; null if there is none.
  hostDomain() {
    if (!isUnset(this.domain)) return isHost(this.domain.replace(/^\./, '')) ? this.domain : null;
    try {
      const url = new URL(this.originalUrl);
      return /^https?:$/.test(url.protocol) ? url.hostname.replace(/^\[|\]$/g, '') : null;
    } catch {
      return null;
    }
  }

  // When it ends: milliseconds since 1970, NaN = with the process.  maxAge goes
  // before expiryDate.  rfc: 6265bis 5.7
  endsAt() {
    if (this.#maxAge >= 0) return Date.now() + this.#maxAge * 1000;
    return this.#expires;
  }

  // Of a stored cookie, without the warnings of assignments.
  static fromStore(name, values) {
    const cookie = new Cookie({ name });
    Object.assign(cookie, values);
    return cookie;
  }

  static {
    for (const key of ['secure', 'httponly']) {
      property(key, function () { return this.#flags[key]; }, function (value) { this.#flags[key] = Boolean(value); });
    }
    for (const key of ['value', 'domain', 'path', 'comment', 'originalUrl']) {
      property(key, function () { return this.#texts[key]; }, function (value) { this.#texts[key] = textOf(value); });
    }
    function property(key, get, set) {
      Object.defineProperty(Cookie.prototype, key, { get, set, enumerable: true, configurable: true });
    }
  }

  toJSON() {
    const values = super.toJSON();
    for (const key of PROPERTIES) if (!isUnset(this[key])) values[key] = this[key];
    return values;
  }
}

const PROPERTIES = [
  'name', 'value', 'domain', 'path', 'expiryDate', 'maxAge', 'secure', 'httponly', 'comment', 'originalUrl', 'version',
];

// A name or an address, as a store takes it.
function isHost(text) {
  return text !== '' && !/[\s/\\?#@;,]/.test(text) && !text.startsWith('.');
}

Cookie.apiName = 'Ti.Network.Cookie';
Cookie.titaniumName = 'TiNetworkCookie';
for (const key of ['name', 'expiryDate', 'maxAge', 'version']) {
  Object.defineProperty(Cookie.prototype, key, { ...Object.getOwnPropertyDescriptor(Cookie.prototype, key), enumerable: true });
}
defineAccessors(Cookie.prototype, PROPERTIES.filter((name) => name !== 'name'));
defineAccessors(Cookie.prototype, ['name'], true);

module.exports = Cookie;
