'use strict';
// xml_entities.js - the general entities that a document declares for itself,
// put in where they are used, before the parser, which knows none, reads it.
//
// Only texts inside the document count.  Nothing is ever loaded: an external
// entity stays unknown, and the parser refuses a reference to it.  What the
// references of one document become has a ceiling, so that a few lines that
// multiply ("billion laughs") are an error.  Each part of the text is looked at
// once, whatever it contains.

const MAX_EXPANDED = 1 << 20; // characters; real documents have names and short phrases

const MAX_DEPTH = 64; // entities inside each other

const PREDEFINED = new Set(['lt', 'gt', 'amp', 'apos', 'quot']);
const REFERENCE = /&([A-Za-z_:\u0080-\uffff][\w:.\-\u0080-\uffff]*);/g;

class EntityError extends Error {}

// The index after the token of `text` that starts at `at` and ends with `end`,
// or -1.
function after(text, at, end) {
  const found = text.indexOf(end, at);
  return found < 0 ? -1 : found + end.length;
}

const NESTED = [['<!--', '-->'], ['<?', '?>'], ['<![CDATA[', ']]>']];

// The end of what starts at `at` and is copied as it is: a comment, an
// instruction, a CDATA section.  0 if it is none of them, -1 if it never ends.
function opaqueEnd(text, at) {
  const kind = NESTED.find(([start]) => text.startsWith(start, at));
  return kind ? after(text, at + kind[0].length, kind[1]) : 0;
}

// The end of a tag or declaration: its '>' outside quotes; -1 if there is none.
function tagEnd(text, at) {
  for (let i = at; i < text.length; i++) {
    const c = text[i];
    if (c === '>') return i + 1;
    if (c === '"' || c === "'") {
      i = text.indexOf(c, i + 1);
      if (i < 0) return -1;
    }
  }
  return -1;
}

// ['start of the internal subset', 'its end'] in `text`, or null.  rfc: XML 1.0 2.8
function internalSubset(text) {
  let at = 0;
  for (;;) {
    at += /^\s*/.exec(text.slice(at, at + 4096))[0].length;
    if (text.startsWith('<!DOCTYPE', at)) break;
    const end = opaqueEnd(text, at);
    if (end > at) at = end;
    else if (!/\s/.test(text[at] || '')) return null;
  }
  for (let i = at; i < text.length; i++) {
    const c = text[i];
    if (c === '>') return null;
    if (c === '[') return subsetFrom(text, i + 1);
    if (c === '"' || c === "'") i = text.indexOf(c, i + 1);
    if (i < 0) return null;
  }
  return null;
}

function subsetFrom(text, start) {
  let at = start;
  while (at >= 0 && at < text.length && text[at] !== ']') {
    if (text[at] !== '<') at++;
    else at = opaqueEnd(text, at) || tagEnd(text, at);
  }
  return at < 0 || at >= text.length ? null : [start, at];
}

function characters(text) {
  return text.replace(/&#(?:x([\da-fA-F]+)|(\d+));/g, (whole, hex, decimal) => {
    const code = hex ? parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

// name -> text, of the declarations between `start` and `end`.  The first one
// of a name counts.  Parameter entities and external ones are passed over.
function declarations(text, [start, end]) {
  const entities = new Map();
  let at = start;
  while (at >= 0 && at < end) {
    if (text[at] !== '<') {
      at++;
      continue;
    }
    const opaque = opaqueEnd(text, at);
    const next = opaque || tagEnd(text, at);
    const found = opaque ? null : /^<!ENTITY\s+([^\s%"'<>&;]+)\s+(?:"([^"]*)"|'([^']*)')\s*>$/.exec(text.slice(at, next));
    if (found && !entities.has(found[1]) && !PREDEFINED.has(found[1])) {
      entities.set(found[1], characters(found[2] === undefined ? found[3] : found[2]));
    }
    at = next;
  }
  return entities;
}

class Expander {
  constructor(entities) {
    this.entities = entities;
    this.done = new Map(); // name -> its text without references
    this.open = new Set(); // names being expanded
    this.total = 0;
  }

  // The text of an entity with those it refers to; null for an unknown one.
  textOf(name) {
    if (this.done.has(name)) return this.done.get(name);
    if (!this.entities.has(name)) return null;
    if (this.open.has(name)) throw new EntityError(`the entity '${name}' contains itself`);
    if (this.open.size === MAX_DEPTH) throw new EntityError(`the entity '${name}' is inside ${MAX_DEPTH} others`);
    this.open.add(name);
    const text = this.entities.get(name).replace(REFERENCE, (whole, inner) => this.use(inner) ?? whole);
    this.open.delete(name);
    this.done.set(name, text);
    return text;
  }

  // As textOf(), and counted.
  use(name) {
    const text = this.textOf(name);
    this.total += text === null ? 0 : text.length;
    if (this.total > MAX_EXPANDED) throw new EntityError(`the entities become more than ${MAX_EXPANDED} characters`);
    return text;
  }

  // `escape` is for attribute values, where an entity's quotes are no delimiters.
  replace(part, escape) {
    if (!part.includes('&')) return part;
    return part.replace(REFERENCE, (whole, name) => {
      const value = this.use(name);
      if (value === null) return whole;
      return escape ? value.replace(/"/g, '&quot;').replace(/'/g, '&apos;') : value;
    });
  }
}

// `text` with its own entities put in.  Throws an EntityError.
function expandEntities(text) {
  const subset = internalSubset(text);
  const entities = subset ? declarations(text, subset) : new Map();
  if (entities.size === 0) return text;
  const expander = new Expander(entities);
  const parts = [text.slice(0, subset[1])];
  let at = subset[1];
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const stop = next < 0 ? text.length : next;
    parts.push(expander.replace(text.slice(at, stop), false));
    if (next < 0) break;
    const opaque = opaqueEnd(text, next);
    const end = opaque || tagEnd(text, next);
    if (end < 0) { // the parser will say what is wrong
      parts.push(text.slice(next));
      break;
    }
    const tag = text.slice(next, end);
    parts.push(opaque ? tag : expander.replace(tag, true));
    at = end;
  }
  return parts.join('');
}

module.exports = { expandEntities, EntityError };
