// cookies.mjs - tough-cookie: `node cookies.mjs WORK`.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(path.join(here, '..', '..', 'tests', 'diff', 'cookies', 'compare.js'));
const { CookieJar } = require('tough-cookie');

const [inserted, asked] = fs.readFileSync(process.argv[2], 'utf8').split('\n\n').map((part) => part.split('\n').filter(Boolean));
const pairs = inserted.map((line) => line.split('\t'));
const used = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1e6; };
const resident = () => { globalThis.gc(); globalThis.gc(); return process.memoryUsage().rss; };

const before = resident();
const jar = new CookieJar();
let start = used();
for (const [url, cookie] of pairs) jar.setCookieSync(cookie, url);
const insert = used() - start;
start = used();
let check = 0;
for (const url of asked) check += jar.getCookieStringSync(url).length;
const lookup = used() - start;
console.log(JSON.stringify({
  insert_us: insert * 1e6 / pairs.length, lookup_us: lookup * 1e6 / asked.length, bytes: resident() - before, check,
}));
