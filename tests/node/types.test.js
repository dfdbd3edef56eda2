'use strict';
// types.test.js - the declarations, by the TypeScript compiler.

const test = require('node:test');
const assert = require('node:assert/strict');
const path = require('node:path');

const binding = path.resolve(__dirname, '..', '..', 'bindings', 'node');
const ts = require(path.join(binding, 'node_modules', 'typescript'));

function compile(file) {
  const program = ts.createProgram([file], {
    noEmit: true,
    strict: true,
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2020,
    lib: ['lib.es2020.d.ts'],
    skipLibCheck: true,
    types: [],
    typeRoots: [path.join(binding, 'node_modules', '@types')],
    paths: { tinet: [path.join(binding, 'index.d.ts')], 'tinet/register': [path.join(binding, 'register.d.ts')], 'tinet/https': [path.join(binding, 'https.d.ts')] },
  });
  return ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
}

test('an app compiles, and its mistakes are found', () => {
  assert.deepEqual(compile(path.join(__dirname, 'types', 'app.ts')), []);
});

test('the names that are missing are those of the declarations', () => {
  const { status, stderr } = require('node:child_process').spawnSync(
    process.execPath, [path.resolve(__dirname, '..', '..', 'tools', 'gen_titanium_names.js'), '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
