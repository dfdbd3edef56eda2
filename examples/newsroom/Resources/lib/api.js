// api.js - the newsroom's server as a few functions that return promises.
//
// Everything goes through Ti.Network.HTTPClient; an answer of 400 and above, a
// timeout and a lost connection reject with what onerror was told.

// One request.  `options`: method, data, headers, timeout, file, onsendstream,
// ondatastream.  Resolves with the client, whose response properties can be
// read then.
function request(url, options = {}) {
  return new Promise((resolve, reject) => {
    const client = Ti.Network.createHTTPClient({
      timeout: options.timeout || Ti.App.Properties.getInt('newsroom.timeout', 10000),
      onload: () => resolve(client),
      onerror: (e) => {
        const error = new Error(e.error);

        error.code = e.code;
        error.status = client.status;
        reject(error);
      },
    });

    if (options.onsendstream) client.onsendstream = options.onsendstream;
    if (options.ondatastream) client.ondatastream = options.ondatastream;
    if (options.file) client.file = options.file;
    client.open(options.method || 'GET', url);
    for (const name of Object.keys(options.headers || {})) {
      client.setRequestHeader(name, options.headers[name]);
    }
    client.send(options.data);
  });
}

// A server to talk to.
function Server(base) {
  this.base = base;
  this.token = null;
}

Server.prototype.headers = function () {
  return this.token ? { Authorization: `Bearer ${this.token}` } : {};
};

// Posts the form; the server answers with a redirect to a greeting.
Server.prototype.signIn = async function (user, password) {
  const client = await request(`${this.base}/login`, { method: 'POST', data: { user, password } });
  const answer = JSON.parse(client.responseText);

  this.token = answer.token;
  return { name: answer.name, location: client.location };
};

Server.prototype.headlines = async function () {
  const client = await request(`${this.base}/feed.json`, { headers: this.headers() });

  return JSON.parse(client.responseText).items;
};

Server.prototype.wire = async function () {
  const client = await request(`${this.base}/feed.xml`, { headers: this.headers() });
  const items = client.responseXML.documentElement.getElementsByTagName('item');
  const titles = [];

  for (let i = 0; i < items.length; i++) {
    titles.push(items.item(i).getElementsByTagName('title').item(0).textContent);
  }
  return titles;
};

Server.prototype.fileReport = async function (fields, onsendstream) {
  const client = await request(`${this.base}/reports`, {
    method: 'POST',
    data: fields,
    headers: this.headers(),
    onsendstream,
  });

  return JSON.parse(client.responseText);
};

Server.prototype.fetchArchive = async function (path, ondatastream) {
  const client = await request(`${this.base}/archive.bin`, {
    headers: this.headers(),
    file: path,
    ondatastream,
  });

  return { crc: client.getResponseHeader('X-CRC-32') };
};

Server.prototype.fetch = function (path, options) {
  return request(this.base + path, Object.assign({ headers: this.headers() }, options));
};

// Starts a download that never ends and aborts it at its first bytes; resolves
// with what was reported afterwards.
Server.prototype.abortDownload = function (patience) {
  return new Promise((resolve) => {
    const later = [];
    let received = 0;
    const client = Ti.Network.createHTTPClient({
      timeout: 5000,
      onload: () => later.push('onload'),
      onerror: () => later.push('onerror'),
      ondatastream: (e) => {
        if (received > 0) {
          later.push('ondatastream');
          return;
        }
        received = e.totalSize || 1;
        client.abort();
        setTimeout(() => resolve({ received, later, isDone: client.readyState === client.DONE }), patience);
      },
    });

    client.open('GET', `${this.base}/endless`);
    client.send();
  });
};

exports.Server = Server;
