'use strict';
// run.js - what `tinet run` executes: node run.js [--log-level LEVEL] [--ats WHAT] PATH
// [ARGUMENT...].  PATH is a project folder or one .js file.

const fs = require('fs');
const path = require('path');
const context = require('./context');

const USAGE = 'usage: tinet run [--log-level LEVEL] [--ats enforce|project|off|FILE] PATH [ARGUMENT...]';

class Refusal extends Error {} // said to a person in one line, exit status 2

function parseArguments(argv) {
  const options = { level: null, ats: 'project', path: null, rest: [] };
  while (argv.length > 0 && options.path === null) {
    const word = argv.shift();
    if (word === '--log-level') options.level = argv.shift();
    else if (word.startsWith('--log-level=')) options.level = word.slice('--log-level='.length);
    else if (word === '--ats') options.ats = argv.shift();
    else if (word.startsWith('--ats=')) options.ats = word.slice('--ats='.length);
    else if (word === '--') options.path = argv.shift() || null;
    else if (word.startsWith('-')) throw new Refusal(`unknown option ${word}\n${USAGE}`);
    else options.path = word;
  }
  if (options.path === null || options.level === undefined || !options.ats) throw new Refusal(USAGE);
  options.rest = argv[0] === '--' ? argv.slice(1) : argv;
  return options;
}

function readProject(folder) {
  const tiapp = path.join(folder, 'tiapp.xml');
  const resources = path.join(folder, 'Resources');
  const main = path.join(resources, 'app.js');
  if (!fs.existsSync(tiapp)) throw new Refusal(`${folder} is not a Titanium project: it has no tiapp.xml`);
  if (!fs.existsSync(main)) throw new Refusal(`${folder}: Resources/app.js is missing`);
  let values;
  try {
    values = require('./native').parseTiapp(fs.readFileSync(tiapp), path.relative('.', tiapp) || tiapp);
  } catch (error) {
    if (!/^TINET_/.test(error.code || '')) throw error;
    throw new Refusal(error.message);
  }
  context.apply(Object.assign(values, { projectDirectory: folder, resourcesDirectory: resources }));
  if (values.guid) require('./native').setAppGuid(values.guid);
  // ti: HTTPClient.responseData - Titanium for Linux's own name goes before Android's.
  for (const name of ['ti.android.httpclient.maxbuffersize', 'ti.linux.httpclient.maxbuffersize']) {
    const property = values.properties.find((p) => p.name === name);
    if (property) require('./native').setMaxBufferSize(Number(property.value));
  }
  // ti: BonjourService - as from iOS 14 on, where others are MissingRequiredConfigurationError
  if (values.properties.some((p) => p.name === 'tinet.bonjour.strict' && p.value === 'true')) {
    context.context.bonjourServices = require('./bonjour_declared').declaredTypes(fs.readFileSync(tiapp, 'utf8'));
  }
  return main;
}

// App Transport Security as an iOS build of the project would have it; a .js file alone has none.
function applyAts(what, given) {
  let policy = what;
  if (what === 'project') {
    if (!fs.statSync(given).isDirectory()) return;
    policy = path.relative('.', given) || '.';
    if (policy === 'off' || policy === 'enforce') policy = `./${policy}`; // a folder of that name
  }
  try {
    require('./ats').set(policy);
  } catch (error) {
    if (!/^TINET_/.test(error.code || '')) throw error;
    throw new Refusal(error.message);
  }
}

function readPath(given) {
  const full = path.resolve(given);
  let stat;
  try {
    stat = fs.statSync(full);
  } catch (error) {
    throw new Refusal(`${given}: ${error.code === 'ENOENT' ? 'no such file or folder' : error.message}`);
  }
  if (stat.isDirectory()) return readProject(full);
  context.apply({ id: path.basename(full, '.js'), name: path.basename(full, '.js'), resourcesDirectory: path.dirname(full) });
  return full;
}

// The stack without tinet's and Node's own lines, files as the project has them.
function describe(error) {
  if (!(error instanceof Error)) return `Uncaught ${String(error)}`;
  const own = `${__dirname}/`;
  return String(error.stack || error)
    .split('\n')
    .filter((line) => !/^\s+at .*(node:internal|node:vm)/.test(line) && !line.includes(own))
    .join('\n')
    .replaceAll(context.context.resourcesDirectory + '/', '/');
}

let isEnding = false;

function onUncaught(error) {
  if (isEnding) return;
  isEnding = true;
  process.exitCode = 1;
  process.stderr.write(`[ERROR] ${describe(error)}\n`);
  try {
    const App = globalThis.Ti.App;
    App.fireEvent('uncaughtException', {
      message: error && error.message,
      name: error && error.name,
      stack: error && error.stack,
      title: 'Uncaught exception',
    });
  } finally {
    process.exit(1);
  }
}

function main() {
  const options = parseArguments(process.argv.slice(2));
  const file = readPath(options.path);
  process.argv = [process.argv[0], file, ...options.rest];
  if (options.level) {
    try {
      require('./api').setLevel(options.level);
    } catch (error) {
      throw new Refusal(error.message);
    }
  }
  applyAts(options.ats, options.path);
  require('./globals').install(globalThis);
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onUncaught);
  require('./modules').load(file);
}

try {
  main();
} catch (error) {
  if (error instanceof Refusal) {
    process.stderr.write(`tinet run: ${error.message}\n`);
    process.exitCode = 2;
  } else {
    onUncaught(error);
  }
}
