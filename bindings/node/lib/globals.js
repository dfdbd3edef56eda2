'use strict';
// globals.js - the names that a Titanium app finds without require.

const fs = require('fs');
const path = require('path');
const { context } = require('./context');

let strings = null;

// i18n/<language>/strings.xml of the project: <string name="key">text</string>
function loadStrings() {
  strings = new Map();
  const language = require('./platform').locale.slice(0, 2);
  for (const folder of [language, 'en']) {
    const file = context.projectDirectory && path.join(context.projectDirectory, 'i18n', folder, 'strings.xml');
    if (!file || !fs.existsSync(file)) continue;
    const document = require('./xml').parseString(fs.readFileSync(file, 'utf8'));
    const list = document.getElementsByTagName('string');
    for (let i = 0; i < list.length; i++) strings.set(list.item(i).getAttribute('name'), list.item(i).textContent);
    return;
  }
}

function L(key, fallback) {
  if (!strings) loadStrings();
  if (strings.has(String(key))) return strings.get(String(key));
  return fallback === undefined ? String(key) : fallback;
}

// ti: Global.String.format - printf's conversions
function format(pattern, ...values) {
  let next = 0;
  return String(pattern).replace(/%(?:(\d+)\$)?([-+0 #]*)(\d*)(?:\.(\d+))?([sdifxXeEgcbo@%])/g,
    (_match, position, flags, width, precision, conversion) => {
      if (conversion === '%') return '%';
      const value = position ? values[position - 1] : values[next++];
      return pad(convert(value, conversion, precision, flags), flags, width);
    });
}

function convert(value, conversion, precision, flags) {
  const number = Number(value);
  const sign = flags.includes('+') && number >= 0 ? '+' : '';
  switch (conversion) {
    case 'd':
    case 'i': return sign + Math.trunc(number);
    case 'f': return sign + number.toFixed(precision === undefined ? 6 : Number(precision));
    case 'e': return sign + number.toExponential(precision === undefined ? 6 : Number(precision));
    case 'E': return (sign + number.toExponential(precision === undefined ? 6 : Number(precision))).toUpperCase();
    case 'g': return sign + number;
    case 'x': return Math.trunc(number).toString(16);
    case 'X': return Math.trunc(number).toString(16).toUpperCase();
    case 'o': return Math.trunc(number).toString(8);
    case 'b': return String(Boolean(value));
    case 'c': return typeof value === 'number' ? String.fromCharCode(value) : String(value)[0] || '';
    default: return precision === undefined ? String(value) : String(value).slice(0, Number(precision));
  }
}

function pad(text, flags, width) {
  const n = Number(width) || 0;
  if (flags.includes('-')) return text.padEnd(n);
  if (flags.includes('0') && /^[+-]?[\da-fA-F.]+$/.test(text)) {
    const sign = /^[+-]/.test(text) ? text[0] : '';
    return sign + text.slice(sign.length).padStart(n - sign.length, '0');
  }
  return text.padStart(n);
}

function alert(message) {
  require('./api').info(`alert: ${message}`);
}

const parsers = {
  formatCurrency: (value) => new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD' }).format(value),
  formatDate: (date, style) => new Intl.DateTimeFormat(undefined, { dateStyle: style || 'short' }).format(date),
  formatDecimal: (value) => new Intl.NumberFormat().format(value),
  formatTime: (date, style) => new Intl.DateTimeFormat(undefined, { timeStyle: style || 'short' }).format(date),
};

function install(target) {
  const Titanium = require('./titanium');
  const define = (object, name, value) =>
    Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
  define(target, 'Ti', Titanium);
  define(target, 'Titanium', Titanium);
  define(target, 'L', L);
  define(target, 'alert', alert);
  define(String, 'format', format);
  for (const name of Object.keys(parsers)) define(String, name, parsers[name]);
}

module.exports = { install, format, L };
