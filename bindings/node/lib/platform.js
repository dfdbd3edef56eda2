'use strict';
// platform.js - Titanium.Platform: this machine.

const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { Proxy, defineAccessors } = require('./proxy');
const { userFolder } = require('./context');

function readLine(file) {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

// The address a person would name: the first that is not loopback.
function firstAddress() {
  for (const list of Object.values(os.networkInterfaces())) {
    const found = list.find((a) => !a.internal && a.family === 'IPv4');
    if (found) return found;
  }
  return null;
}

function locale() {
  const value = process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || '';
  const name = value.split('.')[0];
  return name === '' || name === 'C' || name === 'POSIX' ? 'en_US' : name;
}

class Platform extends Proxy {
  get osname() { return 'linux'; }
  get name() { return 'Linux'; }
  get ostype() { return /64/.test(process.arch) ? '64bit' : '32bit'; }
  get version() { return os.release(); }
  get versionMajor() { return parseInt(os.release(), 10) || 0; }
  get versionMinor() { return parseInt(os.release().split('.')[1], 10) || 0; }
  get model() { return readLine('/sys/devices/virtual/dmi/id/product_name') || os.machine(); }
  get manufacturer() { return readLine('/sys/devices/virtual/dmi/id/sys_vendor') || 'unknown'; }
  get architecture() { return os.machine(); }
  get locale() { return locale(); }
  get username() { return os.userInfo().username; }
  get address() { return (firstAddress() || {}).address || null; }
  get netmask() { return (firstAddress() || {}).netmask || null; }
  get macaddress() { return (firstAddress() || {}).mac || null; }
  get processorCount() { return os.cpus().length; }
  get uptime() { return os.uptime(); }
  get totalMemory() { return os.totalmem(); }
  get availableMemory() { return os.freemem(); }
  get runtime() { return 'v8'; }

  // The same for every tinet application of this user.
  get id() {
    const file = path.join(userFolder(), 'platform-id');
    const known = readLine(file);
    if (known) return known;
    const id = crypto.randomUUID();
    fs.writeFileSync(file, id, { mode: 0o600 });
    return id;
  }

  createUUID() {
    return crypto.randomUUID();
  }

  is24HourTimeFormat() {
    return !new Intl.DateTimeFormat(locale().replace('_', '-'), { hour: 'numeric' }).resolvedOptions().hour12;
  }
}

Platform.apiName = 'Ti.Platform';
Platform.titaniumName = 'TiPlatform';
defineAccessors(Platform.prototype, ['osname', 'name', 'ostype', 'version', 'model', 'manufacturer', 'architecture', 'locale',
  'username', 'address', 'netmask', 'macaddress', 'processorCount', 'uptime', 'totalMemory', 'availableMemory', 'id',
  'runtime'], true);

module.exports = new Platform();
