'use strict';
// socket_native.js - what the addon reports of sockets goes to the socket it is
// about: each has `_onNative(event, a, b, c, d)`.

const { enterEvent, leaveEvent } = require('./later');
const native = require('./native');

// The addon has the same numbers.
const EVENTS = { OPEN: 1, ERROR: 2, READ: 3, DRAIN: 4, FINISHED: 5, ACCEPT: 6, PAUSED: 7, DATAGRAM: 8 };

native.setupSockets(function dispatch(event, a, b, c, d) {
  enterEvent();
  try {
    this._onNative(event, a, b, c, d);
  } finally {
    leaveEvent();
  }
});

// ti: Titanium.Network.Socket.INITIALIZED ...
const STATES = { INITIALIZED: 1, CONNECTED: 2, LISTENING: 4, CLOSED: 8, ERROR: 16 };

function socketError(message, code) {
  const error = new Error(message);
  error.name = 'TiSocketError';
  error.code = code;
  return error;
}

// What the addon threw, under the name that iOS gives it.
function asSocketError(thrown) {
  thrown.name = 'TiSocketError';
  if (typeof thrown.code !== 'number') thrown.code = -1;
  return thrown;
}

module.exports = { EVENTS, STATES, asSocketError, native, socketError };
