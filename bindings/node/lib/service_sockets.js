'use strict';
// service_sockets.js - what sockets have to do with BonjourServices: which of them are
// published, and to which addresses those go that resolve has made.

const services = new WeakMap(); // socket -> how many announce it
const resolved = new WeakMap(); // socket -> {host, addresses}

const add = (socket, n) => services.set(socket, (services.get(socket) || 0) + n);

module.exports = {
  announce: (socket) => add(socket, 1),
  withdraw: (socket) => add(socket, -1),
  // Closing one of them first is worth a warning: others go on being sent to it.
  warnIfAnnounced(socket) {
    if (services.get(socket) > 0) require('./api').warn(`${socket.apiName}: closed while a BonjourService announces it; stop the service first`);
  },
  setAddresses: (socket, host, addresses) => resolved.set(socket, { host, addresses }),
  // Where .local names cannot be looked up, connect() takes these; null for a socket that
  // resolve has not made, or that goes to another host by now.
  addressesOf(socket, host) {
    const found = resolved.get(socket);
    return found && found.host === host && found.addresses.length > 0 ? found.addresses : null;
  },
};
