'use strict';
// gen_titanium_names.js - writes bindings/node/lib/titanium_names.json: the
// namespaces of Titanium and their members, from the declarations of
// @types/titanium.  With --check it compares instead.

const fs = require('fs');
const path = require('path');

const root = path.resolve(__dirname, '..');
const node = path.join(root, 'bindings', 'node');
const target = path.join(node, 'lib', 'titanium_names.json');
const ts = require(path.join(node, 'node_modules', 'typescript'));

const file = path.join(node, 'node_modules', '@types', 'titanium', 'index.d.ts');
const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
const members = {};
const namespaces = new Set();

function add(full, name) {
  if (!members[full]) members[full] = new Set();
  members[full].add(name);
}

// A module is declared as a class whose members are static.
function addStatics(declaration, inner) {
  const isStatic = (m) => (m.modifiers || []).some((x) => x.kind === ts.SyntaxKind.StaticKeyword);
  const statics = declaration.members.filter((m) => isStatic(m) && m.name);
  const heritage = (declaration.heritageClauses || []).map((h) => h.getText(source)).join(' ');
  if (statics.length === 0 || !/Titanium\.Module/.test(heritage)) return;
  namespaces.add(inner);
  for (const m of statics) add(inner, m.name.getText(source));
}

function walk(statements, full) {
  for (const s of statements) {
    if (ts.isModuleDeclaration(s) && s.body && ts.isModuleBlock(s.body)) {
      const inner = `${full}.${s.name.text}`;
      namespaces.add(inner);
      add(full, s.name.text);
      walk(s.body.statements, inner);
    } else if (ts.isVariableStatement(s)) {
      for (const d of s.declarationList.declarations) add(full, d.name.text);
    } else if ((ts.isFunctionDeclaration(s) || ts.isClassDeclaration(s)) && s.name) {
      add(full, s.name.text);
      if (ts.isClassDeclaration(s)) addStatics(s, `${full}.${s.name.text}`);
    }
  }
}

for (const s of source.statements) {
  if (ts.isModuleDeclaration(s) && s.name.text === 'Titanium') walk(s.body.statements, 'Ti');
}
const sorted = Object.fromEntries(Object.keys(members).sort().map((k) => [k, [...members[k]].sort()]));
const text = JSON.stringify({ namespaces: [...namespaces].sort(), members: sorted }) + '\n';
if (process.argv.includes('--check')) {
  if (fs.readFileSync(target, 'utf8') !== text) {
    console.error('titanium_names.json is not what @types/titanium declares: run node tools/gen_titanium_names.js');
    process.exit(1);
  }
} else {
  fs.writeFileSync(target, text);
}
