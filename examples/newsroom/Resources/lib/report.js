// report.js - what the app says, and the checks behind it.

let nSteps = 0;

exports.heading = function (text) {
  Ti.API.info('');
  Ti.API.info(text);
};

// One line for one thing that happened.
exports.step = function (what, detail) {
  nSteps++;
  Ti.API.info(`  \u2713 ${what.padEnd(18)} ${detail}`);
};

exports.count = function () {
  return nSteps;
};

// What must be true; if it is not, the app ends with this error.
exports.check = function (isTrue, what) {
  if (!isTrue) throw new Error(`newsroom: ${what}`);
};

exports.size = function (bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
};

// Follows the events of an upload or a download: they must go forwards and end
// at 1.
exports.Progress = function () {
  this.nEvents = 0;
  this.last = 0;
  this.isForward = true;
  this.handler = (e) => {
    this.nEvents++;
    if (e.progress < this.last) this.isForward = false;
    this.last = e.progress;
  };
  this.check = (what) => {
    exports.check(this.nEvents > 0, `${what} reported no progress`);
    exports.check(this.isForward, `the progress of ${what} went backwards`);
    exports.check(this.last === 1, `the progress of ${what} ended at ${this.last}`);
  };
};

const crcTable = Array.from({ length: 256 }, (_unused, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

// CRC-32 of bytes, as eight hexadecimal digits.
exports.crc32 = function (bytes) {
  let crc = -1;

  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ crcTable[(crc ^ bytes[i]) & 255];
  return ((crc ^ -1) >>> 0).toString(16).padStart(8, '0');
};
