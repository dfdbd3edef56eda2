// sockets.mjs - sockets from JavaScript: Socket.TCP beside node:net, in one run.
//
//   node bench/node/sockets.mjs BUILD [ROUNDS] [SCALE]
//
// The server is in JavaScript, its load a C program; the servers take turns, each run
// in a process of its own, and the medians are compared.  For echoes there is also
// the limit: a server of nothing but system calls.
//
// With one connection and two processors both sides sleep most of the time, and to
// wake a sleeping processor takes several times as long as an echo, whoever echoes:
// that row measures the machine.  The row on one processor measures the servers.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const [build, rounds = '9', scale = '1'] = process.argv.slice(2);
const env = { ...process.env, TINET_ADDON_DIR: path.resolve(build, 'bindings', 'node') };
const load = path.resolve(build, 'bench', 'socket_bench');
const limit = path.resolve(build, 'bench', 'socket_limit');
const processor = /^Cpus_allowed_list:\s*(\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1];
const JOBS = [
  { title: '64-byte echo, 1 connection', kind: 'echo', connections: 1, n: 50000 },
  { title: '  the same on one processor', kind: 'echo', connections: 1, n: 150000, isPinned: true },
  { title: '64-byte echo, 64 connections', kind: 'echo', connections: 64, n: 384000 },
  { title: '2 GiB received', kind: 'sink', connections: 1, n: 2048 },
];

function lines(child) {
  let text = '';
  const waiting = [];
  child.stdout.on('data', (part) => {
    text += part;
    while (text.includes('\n') && waiting.length > 0) {
      const at = text.indexOf('\n');
      waiting.shift()(JSON.parse(text.slice(0, at)));
      text = text.slice(at + 1);
    }
  });
  return () => new Promise((done) => {
    waiting.push(done);
    child.stdout.emit('data', '');
  });
}

function command(job, argv) {
  return job.isPinned ? ['taskset', '--cpu-list', processor, ...argv] : argv;
}

async function once(library, job) {
  const { kind, connections, n } = job;
  const argv = library === 'limit' ? [limit, String(connections)] : [process.execPath, path.join(here, 'socket_server.mjs'), library, kind, String(connections)];
  const [program, ...args] = command(job, argv);
  const server = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const next = lines(server);
  const { port } = await next();
  const count = Math.max(connections, Math.round(n * Number(scale)));
  const [client, ...clientArgs] = command(job, [load, kind, String(port), String(connections), String(count)]);
  const start = process.hrtime.bigint();
  const done = spawnSync(client, clientArgs);
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  if (done.status !== 0) throw new Error(`the load failed: ${done.status} ${done.stderr}`);
  const { cpu } = await next();
  return { rate: count / wall, cpu: cpu / count };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

for (const job of JOBS) {
  const libraries = job.kind === 'echo' ? ['tinet', 'net', 'limit'] : ['tinet', 'net'];
  const results = { tinet: [], net: [], limit: [] };
  for (let i = 0; i < Number(rounds); i++) {
    for (const library of libraries) results[library].push(await once(library, job));
  }
  const of = (library, key) => median(results[library].map((r) => r[key]));
  const show = (library) => `${Math.round(of(library, 'rate'))}, ${(of(library, 'cpu') * 1e6).toFixed(2)} us`;
  const unit = job.kind === 'echo' ? 'echoes/s' : 'MiB/s';
  console.log(`${job.title.padEnd(30)} ${unit} and CPU: tinet ${show('tinet')};  node:net ${show('net')};` +
    `${job.kind === 'echo' ? `  limit ${show('limit')};` : ''}  ` +
    `ratio ${(of('tinet', 'rate') / of('net', 'rate')).toFixed(2)} in rate, ${(of('tinet', 'cpu') / of('net', 'cpu')).toFixed(2)} in CPU`);
}
