'use strict';
// ti_https.js - require('tinet/https'): what require('ti.https') is in an app.

module.exports = require('./https').module;
