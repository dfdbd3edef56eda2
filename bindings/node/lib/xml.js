'use strict';
// xml.js - Titanium.XML on @xmldom/xmldom.
//
// The DOM is that library's; Titanium's additions (text, apiName) are put on
// its prototypes.  External entities are never loaded (the parser has no code
// for it) and internal ones never expanded: a document type is refused.

const xmldom = require('@xmldom/xmldom');
const { Proxy } = require('./proxy');

function syntaxError(message, locator) {
  const where = locator && locator.lineNumber ? ` (line ${locator.lineNumber}, column ${locator.columnNumber})` : '';
  return Object.assign(new Error(`XML: ${String(message).split('\n')[0]}${where}`), { code: 'TINET_ESYNTAX' });
}

// The tokens before the root element, for a document type with definitions.
function refuseEntities(text) {
  const doctype = /<!DOCTYPE[^>[]*\[/i.exec(text.slice(0, 64 * 1024));
  if (doctype && /<!ENTITY/i.test(text.slice(doctype.index, doctype.index + 64 * 1024))) {
    throw syntaxError('entity definitions are not accepted');
  }
}

function parse(text) {
  let failure = null;
  const parser = new xmldom.DOMParser({
    onError(level, message, context) {
      // What the parser only warns of is not well-formed either.
      if (!failure) failure = syntaxError(`${level}: ${message}`, context && context.locator);
    },
  });
  let document;
  try {
    document = parser.parseFromString(text, 'text/xml');
  } catch (error) {
    throw failure || syntaxError(error.message, error.locator);
  }
  if (failure) throw failure;
  if (!document || !document.documentElement) throw syntaxError('the document has no root element');
  return document;
}

const NAMES = {
  1: 'Element', 2: 'Attr', 3: 'Text', 4: 'CDATASection', 5: 'EntityReference', 6: 'Entity', 7: 'ProcessingInstruction',
  8: 'Comment', 9: 'Document', 10: 'DocumentType', 11: 'DocumentFragment', 12: 'Notation',
};

// Once, on what the library gives out.
function extend(document) {
  let node = Object.getPrototypeOf(document);
  while (Object.getPrototypeOf(node) !== Object.prototype && Object.getPrototypeOf(node)) node = Object.getPrototypeOf(node);
  if (Object.hasOwn(node, 'apiName')) return;
  const text = { get() { return this.textContent; }, configurable: true };
  Object.defineProperties(node, {
    text,
    getText: { value() { return this.textContent; }, configurable: true },
    apiName: { get() { return `Ti.XML.${NAMES[this.nodeType] || 'Node'}`; }, configurable: true },
  });
  const element = Object.getPrototypeOf(document.documentElement);
  const getAttribute = element.getAttribute;
  element.getAttribute = function (name) {
    return getAttribute.call(this, name) || ''; // "" for an absent one
  };
}

class XML extends Proxy {
  parseString(value) {
    if (value === undefined || value === null) throw new TypeError('Titanium.XML.parseString: a text is expected');
    const text = String(value).replace(/^\uFEFF/, '');
    refuseEntities(text);
    const document = parse(text);
    extend(document);
    return document;
  }

  serializeToString(node) {
    if (!node || typeof node.nodeType !== 'number') throw new TypeError('Titanium.XML.serializeToString: a node is expected');
    return new xmldom.XMLSerializer().serializeToString(node);
  }
}

XML.apiName = 'Ti.XML';
XML.titaniumName = 'TiXML';

module.exports = new XML();
