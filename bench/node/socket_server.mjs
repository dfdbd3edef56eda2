// socket_server.mjs - `tinet` or `net`, as an echo server or as a sink: prints its
// port, and when the last of N connections has ended what CPU time it took.
import net from 'node:net';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const [library, kind, connections] = process.argv.slice(2);
let left = Number(connections);
let start = null;

function begin() {
  if (start === null) start = process.cpuUsage();
}

function end() {
  if (--left > 0) return;
  const used = process.cpuUsage(start);
  process.stdout.write(`${JSON.stringify({ cpu: (used.user + used.system) / 1e6 })}\n`, () => process.exit());
}

function withNet() {
  const server = net.createServer({ noDelay: true }, (socket) => {
    begin();
    socket.on('data', kind === 'echo' ? (data) => socket.write(data) : () => {});
    socket.on('end', end).on('error', end);
  });
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
}

function serve(Ti, socket) {
  const buffer = Ti.createBuffer({ length: 65536 });
  const ignore = () => {};
  const onRead = (e) => {
    if (e.bytesProcessed < 0) {
      end();
      return;
    }
    if (kind === 'echo') socket.write(buffer, 0, e.bytesProcessed, ignore);
    socket.read(buffer, onRead);
  };
  socket.read(buffer, onRead);
}

function withTinet() {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const Ti = createRequire(import.meta.url)(path.join(here, '..', '..', 'bindings', 'node'));
  const server = Ti.Network.Socket.createTCP({
    host: '127.0.0.1',
    accepted(e) {
      begin();
      server.accept({});
      serve(Ti, e.inbound);
    },
  });
  server.listen();
  server.accept({});
  console.log(JSON.stringify({ port: server.port }));
}

(library === 'net' ? withNet : withTinet)();
