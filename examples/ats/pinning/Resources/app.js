// What App Transport Security makes of these; nothing is sent where it says no.
for (const url of ['https://api.example.com/']) {
  const client = Ti.Network.createHTTPClient({
    timeout: 5000,
    onload: () => Ti.API.info(`${url}: ${client.status}`),
    onerror: (e) => Ti.API.info(`${url}: ${e.error}`),
  });
  client.open('GET', url);
  client.send();
}
