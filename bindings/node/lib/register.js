'use strict';
// register.js - require('tinet/register'): Ti, Titanium and the other globals.

require('./globals').install(globalThis);
module.exports = require('./titanium');
