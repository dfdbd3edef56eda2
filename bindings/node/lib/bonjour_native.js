'use strict';
// bonjour_native.js - the addon's Bonjour: commands by number, and what comes back goes
// to the object it is about: `_onBonjour(event)`.

const native = require('./native');

// The addon has the same numbers.
const OPS = { BROWSE: 1, PUBLISH: 2, RESOLVE: 3, CLOSE: 4, TXT: 5 };
const KINDS = { ADDED: 1, REMOVED: 2, BATCH: 3, PUBLISHED: 4, RENAMED: 5, RESOLVED: 6, ERROR: 7 };

const owners = new Map(); // id -> what is told
let nextId = 1;
let keepAlive = null; // holds Node's loop while something is open

function eventOf([seq, id, kind, number, texts, addresses, txt]) {
  return { seq, id, kind, number, texts, addresses, txt };
}

function holdLoop() {
  if (owners.size > 0 && !keepAlive) keepAlive = setInterval(() => {}, 0x7fffffff);
  if (owners.size === 0 && keepAlive) {
    clearInterval(keepAlive);
    keepAlive = null;
  }
}

function dispatch(...args) {
  const event = eventOf(args);
  const owner = owners.get(event.id);
  if (owner) owner._onBonjour(event);
}

let isSetUp = false;

function setUp() {
  if (isSetUp) return;
  native.bonjourSetup(dispatch);
  isSetUp = true;
}

const bytes = (list) => list.map((text) => (Buffer.isBuffer(text) ? text : Buffer.from(String(text), 'utf8')));

function command(op, id, { name = null, type = null, interfaceName = null, number = 0, mayRename = true, txt = [], subtypes = [], waitMs = 0 } = {}) {
  return native.bonjour(op, id, name, type, interfaceName, number, mayRename, bytes(txt), bytes(subtypes), waitMs);
}

// Opens something for `owner`; returns its id, and with `waitMs` the event that ended the wait (or null).
function open(op, owner, options) {
  setUp();
  const id = nextId++;
  owners.set(id, owner);
  holdLoop();
  const got = command(op, id, options);
  return { id, event: got ? eventOf(got) : null };
}

function close(id) {
  if (!owners.delete(id)) return;
  command(OPS.CLOSE, id);
  holdLoop();
}

function setTxt(id, txt) {
  command(OPS.TXT, id, { txt });
}

module.exports = { KINDS, OPS, close, open, setTxt };
