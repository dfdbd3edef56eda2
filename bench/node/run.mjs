// run.mjs - the JavaScript half of the benchmarks, started by run.py.
//
// Each row is one job; the clients take turns, round after round, each run in a
// process of its own, and the median is shown.  The last row of small requests
// is the C API on as many connections: the difference is what the binding, a new
// client for each request and Node's loop cost.
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const { BENCH_URL, BENCH_TLS_URL, BENCH_CA_FILE, BENCH_BUILD } = process.env;
const ROUNDS = Number(process.env.BENCH_ROUNDS || 3);
const SCALE = Number(process.env.BENCH_SCALE || 1);
const MIB = 1 << 20;
const MAX_CONNECTIONS = 6; // to one origin, of HTTPClient
const PEERS = ['tinet', 'undici', 'fetch', 'node:http'];

const env = {
  ...process.env,
  TINET_ADDON_DIR: path.join(BENCH_BUILD, 'bindings', 'node'),
  SSL_CERT_FILE: BENCH_CA_FILE,
  NODE_EXTRA_CA_CERTS: BENCH_CA_FILE,
};

function run(command, args) {
  const done = spawnSync(command, args, { env, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr || done.error}`);
  return JSON.parse(done.stdout);
}

function scaled(count) {
  return String(Math.max(1, Math.round(count * SCALE)));
}

function inNode(name, job) {
  const count = scaled(name === 'fetch' ? Math.ceil(job.count / 4) : job.count); // it is that slow
  return run(process.execPath, [path.join(here, 'client.mjs'), name, job.mode, job.url, count, job.parallel,
    ...(job.out ? [job.out] : [])]);
}

function inC(job) {
  return run(path.join(BENCH_BUILD, 'bench', 'tinet_bench'),
    [job.mode, job.url, scaled(job.count), String(Math.min(job.parallel, MAX_CONNECTIONS)), '--ca-file', BENCH_CA_FILE]);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function measure(job) {
  const names = job.mode === 'get' ? [...PEERS, 'C API'] : PEERS;
  const results = Object.fromEntries(names.map((name) => [name, []]));
  for (let i = 0; i < ROUNDS; i++) {
    for (const name of names) results[name].push(name === 'C API' ? inC(job) : inNode(name, job));
  }
  return results;
}

function show(job, results) {
  const base = median(results.tinet.map((r) => r.done / r.wall));
  let title = job.title;
  for (const name of Object.keys(results)) {
    const list = results[name];
    const rate = median(list.map((r) => r.done / r.wall));
    const cost = median(list.map((r) => (job.bytes ? (r.cpu / (r.done * job.bytes)) * 1e9 : (r.cpu / r.done) * 1e6)));
    const rss = Math.max(...list.map((r) => r.rss_kib)) / 1024;
    const unit = job.bytes ? 's/GB' : 'us  ';
    console.log(`${title.padEnd(30)} ${name.padEnd(10)} ${rate.toFixed(job.bytes ? 2 : 0).padStart(9)}/s ` +
      `${cost.toFixed(job.bytes ? 3 : 1).padStart(9)} ${unit} ${(base / rate).toFixed(2).padStart(6)}x ${rss.toFixed(1).padStart(8)} MiB`);
    title = '';
  }
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tinet-bench-'));
const jobs = [
  { title: '1 KiB GET, c=1', mode: 'get', url: `${BENCH_URL}/1k`, count: 10000, parallel: '1' },
  { title: '1 KiB GET, c=64', mode: 'get', url: `${BENCH_URL}/1k`, count: 60000, parallel: '64' },
  { title: '1 KiB GET, TLS, c=1', mode: 'get', url: `${BENCH_TLS_URL}/1k`, count: 10000, parallel: '1' },
  { title: '1 KiB GET, TLS, c=64', mode: 'get', url: `${BENCH_TLS_URL}/1k`, count: 40000, parallel: '64' },
  {
    title: '256 MiB to a file', mode: 'file', url: `${BENCH_URL}/big/${256 * MIB}`, count: 1, parallel: '1',
    bytes: 256 * MIB, out: path.join(folder, 'out'),
  },
];

console.log(`\nJavaScript, Node ${process.version}; ratio = tinet's requests/s to those of the row`);
try {
  for (const job of jobs) {
    if (process.env.BENCH_ONLY && !job.title.includes(process.env.BENCH_ONLY)) continue;
    show(job, measure(job));
  }
} finally {
  fs.rmSync(folder, { recursive: true });
}
