'use strict';
// missing.js - what Titanium has and tinet does not.
//
// Reading `Ti.UI` gives a namespace, so that `if (Ti.UI)` works; reading a
// member of it that Titanium documents throws, and names the member.  A name
// that Titanium does not have is undefined, as in plain JavaScript.

const names = require('./titanium_names.json');

function missing(member) {
  const error = new Error(
    `${member} is not available in tinet, which runs the network part of a Titanium app without its user interface`
  );
  error.code = 'ERR_TINET_NOT_SUPPORTED';
  error.member = member;
  return error;
}

// A namespace none of whose members work.
function namespace(full) {
  return new globalThis.Proxy(Object.create(null), {
    get(_target, name) {
      if (typeof name === 'symbol' || name === 'then' || name === 'toJSON') return undefined;
      const member = `${full}.${name}`;
      if (names.namespaces.includes(member)) return namespace(member);
      if (names.members[full] && !names.members[full].includes(name)) return undefined;
      throw missing(member);
    },
    set(_target, name) {
      throw missing(`${full}.${String(name)}`);
    },
    has(_target, name) {
      return Boolean(names.members[full] && names.members[full].includes(name));
    },
  });
}

// Puts a place for every documented name that `object` lacks.
function fill(object, full) {
  for (const name of names.members[full] || []) {
    if (name in object) continue;
    const member = `${full}.${name}`;
    const value = names.namespaces.includes(member) ? namespace(member) : null;
    Object.defineProperty(object, name, {
      get() {
        if (value) return value;
        throw missing(member);
      },
      enumerable: false,
      configurable: true,
    });
  }
}

module.exports = { fill, missing };
