'use strict';
// explained.js - why tinet's jar and tough-cookie's differ: a name that stands in
// README.md, and how such a Set-Cookie is told (the first that fits counts).

const pair = (s) => s.cookie.split(';')[0];
const domains = (s) => [...s.cookie.matchAll(/;\s*domain=([^;]*)/gi)].map((m) => m[1].trim());
const host = (s) => new URL(s.url).hostname;

module.exports = [
  ['control-character', (s) => /[\x00-\x08\x0a-\x1f\x7f]/.test(s.cookie)],
  ['leading-equals', (s) => /^\s*=.*=/.test(pair(s))],
  ['tab', (s) => /\S\t+\S/.test(pair(s))],
  ['too-large', (s, verdict) => verdict === 'too-large'],
  ['empty', (s) => /^[\s=]*$/.test(pair(s))],
  ['prefix-case', (s, verdict) => verdict === 'prefix' && /__secure-low|__HOST-up/.test(s.cookie)],
  ['prefix-nameless', (s, verdict) => verdict === 'prefix' && /^\s*=?\s*__/.test(s.cookie)],
  ['same-site-none', (s, verdict) => verdict === 'same-site-none'],
  ['loopback-is-not-secure', (s) => /\/\/(localhost|127\.0\.0\.1|\[::1\])/.test(s.url) && /;\s*secure/i.test(s.cookie)],
  ['not-secure', (s, verdict) => verdict === 'not-secure'],
  ['shadows-secure', (s, verdict) => verdict === 'shadows-secure'],
  ['domain-is-ipv6', (s) => s.url.includes('[::1]') && domains(s).length > 0],
  ['domain-is-suffix', (s) => domains(s).some((d) => d.replace(/^\./, '').toLowerCase() === host(s))],
  ['last-domain-empty', (s) => domains(s).length > 1 && domains(s).pop().replace(/^\./, '') === ''],
];
