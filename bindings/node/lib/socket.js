'use strict';
// socket.js - the module Titanium.Network.Socket.

const { Proxy, defineConstants, mistake } = require('./proxy');
const { STATES } = require('./socket_native');
const TCP = require('./socket_tcp');
const UDP = require('./socket_udp');

function check(dictionary) {
  if (dictionary !== undefined && dictionary !== null && typeof dictionary !== 'object') {
    throw mistake(TypeError, 'Socket: a dictionary of properties is expected');
  }
  return dictionary;
}

class Socket extends Proxy {
  createTCP(dictionary) {
    return new TCP(check(dictionary));
  }

  createUDP(dictionary) {
    return new UDP(check(dictionary));
  }
}

Socket.apiName = 'Ti.Network.Socket';
Socket.titaniumName = 'TiNetworkSocket';
defineConstants(Socket.prototype, { ...STATES, TCP, UDP });

module.exports = new Socket();
