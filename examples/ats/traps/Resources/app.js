// What App Transport Security makes of these; nothing is sent where it says no.
for (const url of ['http://api.example.com/', 'http://www.example.net/', 'http://www.example.org/']) {
  const client = Ti.Network.createHTTPClient({
    timeout: 5000,
    onload: () => Ti.API.info(`${url}: ${client.status}`),
    onerror: (e) => Ti.API.info(`${url}: ${e.error}`),
  });
  client.open('GET', url);
  client.send();
}
