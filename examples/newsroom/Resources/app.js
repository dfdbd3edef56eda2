// app.js - a working day at the newsroom, over HTTP and again over HTTPS.
//
// Each step checks what happened and prints a line.  Whatever is not as it
// should be is an uncaught error: the app ends there.

const { Server } = require('/lib/api');
const report = require('/lib/report');
const config = require('/config');

const ARCHIVE_BYTES = 20 * 1024 * 1024;
const PATIENCE_MS = 30000;

async function signIn(server) {
  const user = Ti.App.Properties.getString('newsroom.user');
  const welcome = await server.signIn(user, 'öffne & lies=1');

  report.check(welcome.location.indexOf(`${server.base}/welcome`) === 0, `no redirect: ${welcome.location}`);
  report.step('Signed in', `as ${welcome.name}, by a form post`);
  report.step('Followed', `a redirect to ${welcome.location.replace(/\?.*/, '')}`);
}

async function readFeeds(server) {
  const items = await server.headlines();

  report.check(items.length === 3, `${items.length} headlines instead of 3`);
  report.step('Read JSON', `${items.length} headlines, the first: \u201c${items[0].title}\u201d`);

  const titles = await server.wire();

  report.check(titles.length === 2 && titles[1] === 'Fish & chips: a \u20ac 3 question', `unexpected: ${titles}`);
  report.step('Read XML', `${titles.length} items, the last: \u201c${titles[1]}\u201d`);
}

async function fileReport(server) {
  const story = Ti.Filesystem.getFile(Ti.Filesystem.resourcesDirectory, 'story.md');
  const photo = Ti.createBuffer({ length: 8 * 1024 * 1024 });
  const progress = new report.Progress();

  photo.fill(0x5a);

  const receipt = await server.fileReport(
    { headline: 'The tide came early', story, photo: photo.toBlob() },
    progress.handler,
  );

  progress.check('the upload');
  report.check(receipt.fields.headline === 'The tide came early', 'the headline did not arrive');
  report.check(receipt.files.story.size === story.size, `the story arrived with ${receipt.files.story.size} bytes`);
  report.check(receipt.files.story.crc === crcOf(story.read()), 'the story arrived changed');
  report.check(receipt.files.photo.size === photo.length, 'the photo did not arrive whole');
  report.step(
    'Uploaded',
    `${receipt.files.story.name} and a photo, ${report.size(story.size + photo.length)}, progress seen ${times(progress.nEvents)}`,
  );
}

function crcOf(blob) {
  return report.crc32(new Uint8Array(blob.toArrayBuffer()));
}

function times(n) {
  return n === 1 ? 'once' : `${n} times`;
}

async function fetchArchive(server) {
  const file = Ti.Filesystem.getFile(Ti.Filesystem.tempDirectory, `archive-${Date.now()}.bin`);
  const progress = new report.Progress();
  const archive = await server.fetchArchive(file.nativePath, progress.handler);

  progress.check('the download');
  report.check(file.size === ARCHIVE_BYTES, `the archive has ${file.size} bytes`);

  const crc = crcOf(file.read());

  report.check(crc === archive.crc, `the archive's CRC-32 is ${crc}, not ${archive.crc}`);
  report.check(file.deleteFile(), 'the archive could not be deleted');
  report.step(
    'Downloaded',
    `${report.size(ARCHIVE_BYTES)} to disk, CRC-32 ${crc} is right, progress seen ${times(progress.nEvents)}`,
  );
}

// Resolves with the error of what must fail.
async function failureOf(promise, what) {
  let client;

  try {
    client = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`newsroom: ${what} was answered with ${client.status}`);
}

async function meetTrouble(server) {
  let error = await failureOf(server.fetch('/missing'), 'a page that does not exist');

  report.check(error.code === 404 && error.status === 404, `404 was reported as ${error.code}`);
  report.step('Met a 404', `onerror said: ${error.message}`);

  const startedAt = Date.now();

  error = await failureOf(server.fetch('/slow', { timeout: 400 }), 'a page that never comes');
  report.check(error.code === -1001, `the timeout was reported as ${error.code}: ${error.message}`);
  report.step('Met a timeout', `after ${((Date.now() - startedAt) / 1000).toFixed(1)} s, code ${error.code}`);

  const aborted = await server.abortDownload(200);

  report.check(aborted.later.length === 0, `after the abort came ${aborted.later}`);
  report.check(aborted.isDone, 'the aborted client is not DONE');
  report.step('Aborted', `an endless download at its first ${report.size(aborted.received)}; nothing came afterwards`);
}

async function workThrough(base) {
  const server = new Server(base);

  report.heading(base);
  await signIn(server);
  await readFeeds(server);
  await fileReport(server);
  await fetchArchive(server);
  await meetTrouble(server);
}

// The second morning: who has signed in once is known, because the cookie store
// has outlived the program.
async function comeBack(server) {
  const items = await server.headlines();

  report.heading(`${server.base}, the next morning`);
  report.check(items.length === 3, `${items.length} headlines instead of 3`);
  report.step('Came back', 'still signed in, by the cookie of yesterday');
}

function isKnown() {
  return Ti.Network.getHTTPCookies('localhost', '/', 'session').length === 1;
}

async function work() {
  if (isKnown()) {
    await comeBack(new Server(config.http));
    await comeBack(new Server(config.https));
    return;
  }
  await workThrough(config.http);
  await workThrough(config.https);
}

async function main() {
  // A step that is never reported must not look like a program that has
  // nothing more to do.
  const watchdog = setTimeout(() => {
    throw new Error(`newsroom: nothing happened after step ${report.count()}`);
  }, 2 * PATIENCE_MS);

  Ti.API.info(`${Ti.App.name} ${Ti.App.version} (${Ti.App.id})`);
  await work();
  clearTimeout(watchdog);
  Ti.API.info('');
  Ti.API.info(`All ${report.count()} steps happened.`);
}

main().catch((error) => setTimeout(() => {
  throw error;
}, 0));
