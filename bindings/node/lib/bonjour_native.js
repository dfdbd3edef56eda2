'use strict';
// bonjour_native.js - the addon's Bonjour: commands by number, and what comes back goes
// to the object it is about: `_onBonjour(event)`.

const native = require('./native');

// The addon has the same numbers.
const OPS = { BROWSE: 1, PUBLISH: 2, RESOLVE: 3, CLOSE: 4, TXT: 5 };
const KINDS = { ADDED: 1, REMOVED: 2, BATCH: 3, PUBLISHED: 4, RENAMED: 5, RESOLVED: 6, ERROR: 7, DONE: 8 };
const UNKNOWN = -72000;
const BAD_ARGUMENT = -72004;
const ANSWER_MS = 2000; // of a thread that is only a moment away

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
  const { bonjourServices } = require('./context').context;
  native.bonjourSetup(dispatch, bonjourServices && bytes(bonjourServices));
  isSetUp = true;
}

const bytes = (list) => list.map((text) => (Buffer.isBuffer(text) ? text : Buffer.from(String(text), 'utf8')));

// A command that the addon did not take: as if its thread had said so.
function refused(id, error) {
  const isBad = error instanceof TypeError || /ELIMIT|EINVAL/.test(error.code);
  return { seq: -1, id, kind: KINDS.ERROR, number: isBad ? BAD_ARGUMENT : UNKNOWN, texts: ['', error.message], addresses: [], txt: [] };
}

function command(op, id, { name = null, type = null, interfaceName = null, number = 0, mayRename = true, txt = [], subtypes = [], waitMs = 0 } = {}) {
  return native.bonjour(op, id, name, type, interfaceName, number, mayRename, bytes(txt), bytes(subtypes), waitMs);
}

// Opens something for `owner`; returns its id, and with `waitMs` the event that ended the wait (or null).
function open(op, owner, options) {
  const id = nextId++;
  owners.set(id, owner);
  holdLoop();
  try {
    setUp();
    const got = command(op, id, op === OPS.BROWSE ? { ...options, waitMs: ANSWER_MS } : options);
    return { id, event: got ? eventOf(got) : null };
  } catch (error) {
    const event = refused(id, error);
    if (!options.waitMs) setImmediate(() => owners.get(id) && owners.get(id)._onBonjour(event));
    return { id, event };
  }
}

function close(id) {
  if (!owners.delete(id)) return;
  command(OPS.CLOSE, id);
  holdLoop();
}

// The event that says why not, or null.
function setTxt(id, txt) {
  try {
    const got = command(OPS.TXT, id, { txt, waitMs: ANSWER_MS });
    return got && got[2] === KINDS.ERROR ? eventOf(got) : null;
  } catch (error) {
    return refused(id, error);
  }
}

module.exports = { KINDS, OPS, close, open, setTxt };
