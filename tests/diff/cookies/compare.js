'use strict';
// compare.js - the same cookies in tinet's jar and in tough-cookie's.
//
// node compare.js JAR_DRIVE [--seed N] [--count N]: makes Set-Cookie/URL pairs from
// a seed, gives each case to a fresh jar of both, and asks both for the Cookie field
// of some URLs.  They may differ only as EXPLAINED says; a difference without an
// explanation fails, and so does an explanation that never occurs.

const { spawnSync } = require('node:child_process');
const { CookieJar } = require('tough-cookie');

const option = (name, value) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? value : Number(process.argv[at + 1]);
};
const SEED = option('--seed', 20260);
const COUNT = option('--count', 10000);

// mulberry32
let state = SEED >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const pick = (list) => list[Math.floor(random() * list.length)];
const chance = (p) => random() < p;

const HOSTS = [
  'example.com', 'www.example.com', 'a.b.example.com', 'example.co.uk', 'www.example.co.uk', 'shop.example.de', 'github.io',
  'me.github.io', 'example.museum', '127.0.0.1', '192.168.10.1', '[::1]', 'b\u00fccher.example', 'EXAMPLE.com', 'localhost',
  'x.y.kawasaki.jp', 'city.kawasaki.jp',
];
const PATHS = ['', '/', '/a', '/a/', '/a/b', '/a/b/c', '/ab', '/a%20b/x', '/A/b', '/a/b?q=/x/y'];
const NAMES = ['a', 'b', 'SID', '__Secure-s', '__Host-h', 'x-y', '', ' sp ', 'n\u00e4me', '$v'];
const RARE_NAMES = ['__secure-low', '__HOST-up'];
const VALUES = ['1', '2', '', '"quoted"', 'a b', 'a=b', ' padded ', 'v\u00e4l', 'x,y', '%41'];
const DATES = [
  'Wed, 09 Jun 2027 10:18:14 GMT', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Sun Nov 6 08:49:37 2027', 'Sunday, 06-Nov-94 08:49:37 GMT',
  'not a date', '', '09 Jun 2027 10:18:14', '2027 Jun 9 10:18:14', '9 jun 27 1:2:3', 'Wed, 31 Feb 2027 10:18:14 GMT',
  'Wed, 09 Jun 1600 10:18:14 GMT', '10:18:14 9 June 2027 and more', '9 Jun 2027 25:00:00', '99 Jun 2027 10:00:00', '09-Jun-2027 10:18:14',
];
const AGES = ['0', '100', '-1', '1.5', 'abc', '', '99999999999999999999', '+5', '007', '-'];
const SITES = ['None', 'Lax', 'Strict', 'none', 'weird', ''];

function domainFor(host) {
  const labels = host.replace(/^\[|\]$/g, '').split('.');
  return pick([
    host, '.' + host, labels.slice(1).join('.'), '.' + labels.slice(1).join('.'), labels.slice(-1)[0], labels.slice(-2).join('.'),
    'other.org', 'x.' + host, host.toUpperCase(), '', '.', host + '.', '..' + host, 'co.uk', 'example.com',
  ]);
}

function attribute(host) {
  const name = pick(['Domain', 'Path', 'Expires', 'Max-Age', 'Secure', 'HttpOnly', 'SameSite', 'Unknown', 'Domain', 'Path']);
  const spelled = chance(0.2) ? name.toLowerCase() : name;
  const space = chance(0.8) ? ' ' : pick(['', '  ', '\t']);
  switch (name) {
    case 'Domain': return `${space}${spelled}=${domainFor(host)}`;
    case 'Path': return `${space}${spelled}=${pick(['/', '/a', '/a/', '/a/b', 'relative', '', '/ab', '"/a"', '/A'])}`;
    case 'Expires': return `${space}${spelled}=${pick(DATES)}`;
    case 'Max-Age': return `${space}${spelled}=${pick(AGES)}`;
    case 'SameSite': return `${space}${spelled}=${pick(SITES)}`;
    case 'Unknown': return `${space}${pick(['Priority=High', 'Partitioned', '=', '', 'Version=1'])}`;
    default: return space + spelled + (chance(0.1) ? '=x' : '');
  }
}

function setCookie(host) {
  let text = chance(0.05) ? pick(['bare', '', ';', '=', 'a;b=c', '=onlyvalue']) : `${pick(chance(0.02) ? RARE_NAMES : NAMES)}${chance(0.1) ? ' ' : ''}=${chance(0.01) ? 'a\tb' : pick(VALUES)}`;
  if (chance(0.01)) text = 'big=' + 'x'.repeat(pick([4000, 4093, 4094, 5000]));
  if (chance(0.01)) text += pick(['\x01', '\x7f', '\x1f']);
  for (let n = Math.floor(random() * 4); n > 0; n--) text += ';' + attribute(host);
  return text;
}

const url = (host) => `${pick(['http', 'https'])}://${host}${chance(0.1) ? ':8080' : ''}${pick(PATHS)}`;

function makeCase() {
  const host = pick(HOSTS);
  const sets = [];
  for (let n = chance(0.6) ? 1 : 2 + Math.floor(random() * 3); n > 0; n--) {
    const from = chance(0.85) ? host : pick(HOSTS);
    sets.push({ url: url(from), cookie: setCookie(from) });
  }
  const asked = [sets[0].url, `https://${host}/a/b/c`, `http://${host}/`, `https://sub.${host.replace(/^\[.*/, 'example.com')}/a`, url(pick(HOSTS))];
  return { sets, asked };
}

// ---- the two jars ----

const word = (text) => encodeURIComponent(text).replace(/[!'()*~]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());

function byTinet(cases) {
  const lines = [];
  for (const one of cases) {
    lines.push('new');
    for (const s of one.sets) lines.push(`set ${word(s.url)} ${word(s.cookie)}`);
    for (const u of one.asked) lines.push(`get ${word(u)}`);
  }
  const done = spawnSync(process.argv[2], { input: lines.join('\n') + '\n', encoding: 'latin1', maxBuffer: 1 << 28 });
  if (done.status !== 0) throw new Error(`jar_drive: ${done.status} ${done.stderr}`);
  const answers = done.stdout.split('\n');
  let at = 0;
  for (const one of cases) {
    one.verdicts = one.sets.map(() => answers[at++]);
    one.tinet = one.asked.map(() => decodeURIComponent(answers[at++]));
  }
}

function byTough(cases) {
  for (const one of cases) {
    const jar = new CookieJar(undefined, { prefixSecurity: 'strict', rejectPublicSuffixes: true, allowSpecialUseDomain: true, looseMode: true });
    for (const s of one.sets) {
      try { jar.setCookieSync(s.cookie, s.url, { loose: true }); } catch { /* refused */ }
    }
    one.tough = one.asked.map((u) => {
      try { return jar.getCookieStringSync(u); } catch { return ''; }
    });
  }
}

// ---- why they may differ ----

const EXPLAINED = require('./explained.js').map(([name, test]) => ({ name, test, n: 0 }));
const reasonFor = (one, i) => EXPLAINED.find((e) => e.test(one.sets[i], one.verdicts[i]));

function compare(cases) {
  byTinet(cases);
  byTough(cases);
  return cases.filter((one) => one.tinet.some((header, i) => header !== one.tough[i]));
}

const cases = [];
for (let i = 0; i < COUNT; i++) cases.push(makeCase());
const differ = compare(cases);
const unexplained = [], again = [];
for (const one of differ) {
  const reasons = one.sets.map((s, i) => reasonFor(one, i));
  const reason = reasons.find(Boolean);
  if (!reason) { unexplained.push(one); continue; }
  reason.n++;
  const sets = one.sets.filter((s, i) => !reasons[i]);
  if (sets.length > 0) again.push({ sets, asked: one.asked });
}
unexplained.push(...compare(again));
const nDiffer = differ.length;

let n = 0;
const point = (isOk, name) => { console.log(`${isOk ? 'ok' : 'not ok'} ${++n} - ${name}`); return isOk; };
console.log(`# seed ${SEED}, ${COUNT} cases, ${nDiffer} differ, ${again.length} of them compared again`);
for (const one of unexplained.slice(0, Number(process.env.SHOW || 5))) {
  console.log('# ' + JSON.stringify({ sets: one.sets, verdicts: one.verdicts }).slice(0, 600));
  one.asked.forEach((u, i) => { if (one.tinet[i] !== one.tough[i]) console.log(`#   ${u}: tinet ${JSON.stringify(one.tinet[i]).slice(0, 200)}, tough-cookie ${JSON.stringify(one.tough[i]).slice(0, 200)}`); });
}
let allOk = point(unexplained.length === 0, `no difference without an explanation (${unexplained.length} of ${nDiffer})`);
allOk = point(cases.filter((c) => c.tinet.some((h) => h)).length > COUNT / 4, 'many cases have cookies to send') && allOk;
for (const e of EXPLAINED) allOk = point(e.n > 0, `explained: ${e.name} (${e.n})`) && allOk;
console.log(`1..${n}`);
process.exitCode = allOk ? 0 : 1;
