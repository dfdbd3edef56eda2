'use strict';
// announced.js - which sockets are published by Bonjour: closing one of them first is
// worth a warning, because others go on being sent to it.

const services = new WeakMap(); // socket -> how many

const add = (socket, n) => services.set(socket, (services.get(socket) || 0) + n);

module.exports = {
  announce: (socket) => add(socket, 1),
  withdraw: (socket) => add(socket, -1),
  warnIfAnnounced(socket) {
    if (services.get(socket) > 0) require('./api').warn(`${socket.apiName}: closed while a BonjourService announces it; stop the service first`);
  },
};
