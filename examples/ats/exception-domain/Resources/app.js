// What App Transport Security makes of these; nothing is sent where it says no.
for (const url of ['http://sensor.example.com/', 'http://partner.example.net/', 'https://api.partner.example.net/']) {
  const client = Ti.Network.createHTTPClient({
    timeout: 5000,
    onload: () => Ti.API.info(`${url}: ${client.status}`),
    onerror: (e) => Ti.API.info(`${url}: ${e.error}`),
  });
  client.open('GET', url);
  client.send();
}
