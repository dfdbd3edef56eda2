// app.js - a chat between two programs over TCP.
//
//   tinet run examples/sockets/chat -- listen [PORT]
//   tinet run examples/sockets/chat -- connect HOST PORT
//
// What is typed goes to the other side, line by line; the end of the input ends
// what is sent, and the program ends when the other side has ended too.

const [mode, ...rest] = process.argv.slice(2);

function fail(event) {
  Ti.API.error(event.error);
  process.exit(1);
}

// Prints the lines that come, until the other side has ended.
function hear(socket) {
  const buffer = Ti.createBuffer({ length: 4096 });
  const heard = Ti.createBuffer();

  Ti.Stream.pump(socket, (e) => {
    if (!e.success) return; // `error` tells
    if (e.bytesProcessed > 0) heard.append(e.buffer);
    const lines = heard.toString().split('\n');
    const rest = e.bytesProcessed < 0 ? '' : lines.pop();
    lines.filter((line) => line !== '').forEach((line) => Ti.API.info(`they say: ${line}`));
    heard.length = 0;
    heard.append(Ti.createBuffer({ value: rest }));
    if (e.bytesProcessed < 0) {
      Ti.API.info('they have gone');
      socket.close();
      process.stdin.destroy();
    }
  }, buffer.length, true);
}

// Sends what is typed; the end of the input is the end of what is sent.
function speak(socket) {
  process.stdin.on('data', (bytes) => {
    if (socket.isWritable()) socket.write(Ti.createBuffer({ value: String(bytes) }), () => {});
  });
  process.stdin.on('end', () => {
    if (socket.isWritable()) socket.shutdown();
  });
}

function begin(socket) {
  hear(socket);
  speak(socket);
}

if (mode === 'listen') {
  const server = Ti.Network.Socket.createTCP({
    host: '127.0.0.1',
    port: Number(rest[0] || 0),
    accepted(e) {
      Ti.API.info(`somebody came from ${e.inbound.host}`);
      e.inbound.error = fail;
      server.close(); // one is enough
      begin(e.inbound);
    },
    error: fail,
  });

  server.listen();
  server.accept({});
  Ti.API.info(`listening on port ${server.port}`);
} else if (mode === 'connect') {
  const socket = Ti.Network.Socket.createTCP({
    host: rest[0],
    port: Number(rest[1]),
    timeout: 5000,
    connected() {
      Ti.API.info(`connected to ${socket.host}`);
      begin(socket);
    },
    error: fail,
  });

  socket.connect();
} else {
  Ti.API.error('say: listen [PORT], or connect HOST PORT');
  process.exit(2);
}
