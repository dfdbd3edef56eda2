'use strict';
// index.js - require('tinet'): the Titanium object, without touching globals.

module.exports = require('./titanium');
