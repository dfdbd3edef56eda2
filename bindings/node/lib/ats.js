'use strict';
// ats.js - the App Transport Security that the process is under.

const api = require('./api');
const native = require('./native');

let current = 'off';

function get() {
  return current;
}

// What a policy's author should know before it surprises them: a mistake in it is said once, not enforced otherwise.
function tell(mistakes) {
  if (mistakes.length === 0) return;
  const more = mistakes.length > 1 ? ` (and ${mistakes.length - 1} more)` : '';
  api.warn(`App Transport Security: ${mistakes[0]}${more}; \`tinet ats check\` tells what to write`);
}

function set(value) {
  const given = value === null || value === undefined || value === false ? 'off' : String(value);
  const mistakes = native.setAts(given);
  current = given;
  tell(mistakes);
}

module.exports = { get, set };
