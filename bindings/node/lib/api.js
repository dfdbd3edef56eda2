'use strict';
// api.js - Titanium.API: lines for a person.  WARN and above go to stderr.

const { Proxy } = require('./proxy');

const LEVELS = { trace: 0, debug: 1, info: 2, notice: 2, warn: 3, error: 4, critical: 5, fatal: 5, none: 6 };
let threshold = LEVELS.trace;

function textOf(value) {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return value.stack || String(value);
  if (value !== null && typeof value === 'object') {
    try {
      const text = JSON.stringify(value);
      return text === undefined ? String(value) : text;
    } catch {
      return String(value); // a cycle
    }
  }
  return String(value);
}

function write(level, values) {
  const rank = LEVELS[level] === undefined ? LEVELS.info : LEVELS[level];
  if (rank < threshold) return;
  const stream = rank >= LEVELS.warn ? process.stderr : process.stdout;
  stream.write(`[${level.toUpperCase()}] ${values.map(textOf).join(' ')}\n`);
}

class API extends Proxy {
  trace(...values) { write('trace', values); }
  debug(...values) { write('debug', values); }
  info(...values) { write('info', values); }
  warn(...values) { write('warn', values); }
  error(...values) { write('error', values); }
  timestamp(...values) { write('info', [new Date().toISOString(), ...values]); }
  log(level, ...values) {
    if (values.length === 0) write('info', [level]);
    else write(String(level).toLowerCase(), values);
  }

  // tinet's own: lines below `level` are not printed.
  static setLevel(level) {
    if (!(level in LEVELS)) {
      throw new Error(`unknown log level '${level}' (one of ${Object.keys(LEVELS).join(', ')})`);
    }
    threshold = LEVELS[level];
  }
}

API.apiName = 'Ti.API';
API.titaniumName = 'TiAPI';

const api = new API();
module.exports = api;
Object.defineProperty(api, 'setLevel', { value: API.setLevel, enumerable: false });
