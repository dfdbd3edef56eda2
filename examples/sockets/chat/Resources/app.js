// app.js - a chat between two programs over TCP.
//
//   tinet run examples/sockets/chat -- listen [PORT]
//   tinet run examples/sockets/chat -- connect HOST PORT
//
// What is typed goes to the other side, line by line; the end of the input ends
// what is sent, and the program ends when the other side has ended too.

const [mode, ...rest] = process.argv.slice(2);

function fail(event) {
  Ti.API.error(event.detail || event.error);
  process.exit(1);
}

// Prints the lines that come, until the other side has ended.  A line, and even a
// character, may come in pieces.
function hear(socket) {
  let heard = Ti.createBuffer();

  Ti.Stream.pump(socket, (e) => {
    if (!e.success) return; // `error` tells
    const hasEnded = e.bytesProcessed < 0;
    if (!hasEnded) heard.append(e.buffer);
    let end = heard.length;
    while (!hasEnded && end > 0 && heard[end - 1] !== 10) end--; // what is after the last line waits
    const lines = heard.clone(0, end).toString().split('\n');
    lines.filter((line) => line !== '').forEach((line) => Ti.API.info(`they say: ${line}`));
    heard = heard.clone(end);
    if (hasEnded) {
      Ti.API.info('they have gone');
      socket.close();
      process.stdin.destroy();
    }
  }, 4096, true);
}

// Sends what is typed; the end of the input is the end of what is sent.
function speak(socket) {
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text) => {
    if (socket.isWritable()) socket.write(Ti.createBuffer({ value: text }), () => {});
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
