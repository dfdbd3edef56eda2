'use strict';
// cookie_store.js - the two cookie stores behind Ti.Network: that of the
// application, which HTTPClient uses, and that of the user.
//
// ti: Titanium.Network.addHTTPCookie and its neighbours

const api = require('./api');
const native = require('./native');
const Cookie = require('./cookie');
const { storeId } = require('./context');

// The addon has the same numbers.
const HTTP = 0;
const SYSTEM = 1;

const HOST_ONLY = 1;
const SECURE = 2;
const HTTP_ONLY = 4;
const PERSISTENT = 8;
const FIELDS = 9; // of a cookie in the addon's list

native.setAppId(storeId());

function orNull(value) {
  return value === undefined || value === null ? null : String(value);
}

// A domain argument; one that is a URL stands for its host.
function domainOf(value, method) {
  if (value === undefined || value === null || value === '') throw new TypeError(`${method}: a domain is expected`);
  return hostOfURL(String(value), method);
}

function hostOfURL(text, method) {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  let host = text;
  try {
    host = new URL(text).hostname.replace(/^\[|\]$/g, '');
  } catch {
    return text;
  }
  api.warn(`${method}: '${text}' is a URL; its host '${host}' is used`);
  return host;
}

function add(store, cookie, method) {
  if (!(cookie instanceof Cookie)) throw new TypeError(`${method}: a Titanium.Network.Cookie is expected`);
  const domain = cookie.hostDomain() !== null ? cookie.hostDomain() : cookie.domain && hostOfURL(cookie.domain, method);
  const endsAt = cookie.endsAt();
  const flags = (String(domain).startsWith('.') ? 0 : HOST_ONLY) | (cookie.secure ? SECURE : 0) |
    (cookie.httponly ? HTTP_ONLY : 0) | (Number.isNaN(endsAt) ? 0 : PERSISTENT);
  const problem = native.addCookie(
    store, orNull(cookie.name), orNull(cookie.value), orNull(domain), orNull(cookie.path), flags,
    Number.isNaN(endsAt) ? 0 : endsAt, orNull(cookie.comment), orNull(cookie.originalUrl), cookie.version);
  if (problem !== null) api.warn(`${method}: ${problem}; it is ignored`);
}

function find(store, domain, path, name) {
  const list = native.findCookies(store, domain, path, name);
  const cookies = [];
  for (let i = 0; i < list.length; i += FIELDS) cookies.push(make(list, i));
  return cookies;
}

// ti: Titanium.Network.Cookie.domain - a leading dot for domain cookies
function make(list, i) {
  const flags = list[i + 4];
  const values = {
    value: list[i + 1],
    domain: flags & HOST_ONLY ? list[i + 2] : `.${list[i + 2]}`,
    path: list[i + 3],
    secure: (flags & SECURE) !== 0,
    httponly: (flags & HTTP_ONLY) !== 0,
    comment: list[i + 6],
    originalUrl: list[i + 7],
    version: list[i + 8],
  };
  if (flags & PERSISTENT) {
    values.expiryDate = new Date(list[i + 5]);
    values.maxAge = Math.max(0, Math.floor((list[i + 5] - Date.now()) / 1000));
  }
  return Cookie.fromStore(list[i], values);
}

function remove(store, domain, path, name, method) {
  const host = domainOf(domain, method);
  if (name === undefined || name === null) throw new TypeError(`${method}: a name is expected`);
  native.removeCookie(store, host, orNull(path), String(name));
}

// The members of Ti.Network.
const members = {
  addHTTPCookie(cookie) { add(HTTP, cookie, 'addHTTPCookie'); },
  getHTTPCookies(domain, path, name) {
    return find(HTTP, domainOf(domain, 'getHTTPCookies'), orNull(path) || '/', orNull(name));
  },
  getHTTPCookiesForDomain(domain) {
    return find(HTTP, domainOf(domain, 'getHTTPCookiesForDomain'), null, null);
  },
  removeHTTPCookie(domain, path, name) { remove(HTTP, domain, path, name, 'removeHTTPCookie'); },
  removeHTTPCookiesForDomain(domain) {
    native.removeCookiesOfDomain(HTTP, domainOf(domain, 'removeHTTPCookiesForDomain'));
  },
  removeAllHTTPCookies() { native.removeAllCookies(HTTP); },
  addSystemCookie(cookie) { add(SYSTEM, cookie, 'addSystemCookie'); },
  getSystemCookies(domain, path, name) {
    return find(SYSTEM, domainOf(domain, 'getSystemCookies'), orNull(path) || '/', orNull(name));
  },
  removeSystemCookie(domain, path, name) { remove(SYSTEM, domain, path, name, 'removeSystemCookie'); },
  removeAllSystemCookies() { native.removeAllCookies(SYSTEM); },
};

// ti: Titanium.Network.allHTTPCookies - new objects at each read
function all() {
  return find(HTTP, null, null, null);
}

// ti: Titanium.Network.HTTPClient.clearCookies
function clearHost(host) {
  if (typeof host !== 'string' || host === '' || native.clearCookiesOfHost(HTTP, host) < 0) {
    throw new TypeError('HTTPClient.clearCookies: a host name or a URL is expected');
  }
}

module.exports = { members, all, clearHost };
