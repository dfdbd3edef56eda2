'use strict';
// xml.js - Titanium.XML on @xmldom/xmldom.
//
// The DOM is that library's; Titanium's additions (text, apiName, accessors,
// events) are put on its prototypes.  External entities are never loaded: the
// parser has no code for it, and xml_entities.js puts in internal ones only.

const xmldom = require('@xmldom/xmldom');
const { Proxy, defineAccessors, hidden } = require('./proxy');
const { expandEntities, EntityError } = require('./xml_entities');

function syntaxError(message, locator) {
  const where = locator && locator.lineNumber ? ` (line ${locator.lineNumber}, column ${locator.columnNumber})` : '';
  return Object.assign(new Error(`XML: ${String(message).split('\n')[0]}${where}`), { code: 'TINET_ESYNTAX' });
}

function expand(text) {
  try {
    return expandEntities(text);
  } catch (error) {
    throw error instanceof EntityError ? syntaxError(error.message) : error;
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

// ti: Titanium.XML.Node and the classes below it, for getX() and setX()
const READ_ONLY = {
  Node: ['attributes', 'childNodes', 'firstChild', 'lastChild', 'localName', 'namespaceURI', 'nextSibling', 'nodeName',
    'nodeType', 'ownerDocument', 'parentNode', 'previousSibling', 'apiName'],
  Attr: ['name', 'ownerElement', 'specified'],
  CharacterData: ['length'],
  Document: ['doctype', 'documentElement', 'implementation'],
  DocumentType: ['internalSubset', 'name', 'publicId', 'systemId'],
  Element: ['tagName'],
  ProcessingInstruction: ['target'],
  NodeList: ['length'],
  NamedNodeMap: ['length'],
};
const WRITABLE = {
  Node: ['nodeValue', 'prefix', 'textContent'],
  Attr: ['value'],
  CharacterData: ['data'],
  ProcessingInstruction: ['data'],
};

// What every Titanium object has, for one that is not made here.
function addEvents(prototype) {
  for (const name of ['addEventListener', 'removeEventListener', 'hasListeners', 'fireEvent', 'applyProperties']) {
    hidden(prototype, name, Proxy.prototype[name]);
  }
}

// Once, on what the library gives out.  ti: Titanium.XML.Node
function extend() {
  const { Node, Element } = xmldom;
  for (const [lists, readOnly] of [[READ_ONLY, true], [WRITABLE, false]]) {
    for (const name of Object.keys(lists)) defineAccessors(xmldom[name].prototype, lists[name], readOnly);
  }
  Object.defineProperties(Node.prototype, {
    text: { get() { return this.textContent; }, configurable: true },
    apiName: { get() { return `Ti.XML.${NAMES[this.nodeType] || 'Node'}`; }, configurable: true },
  });
  hidden(Node.prototype, 'getText', function () { return this.textContent; });
  // A tree leads back to itself everywhere.
  hidden(Node.prototype, 'toJSON', function () { return { nodeName: this.nodeName, nodeType: this.nodeType, nodeValue: this.nodeValue }; });
  for (const name of ['Node', 'NodeList', 'NamedNodeMap', 'DOMImplementation']) {
    addEvents(xmldom[name].prototype);
    if (name !== 'Node') Object.defineProperty(xmldom[name].prototype, 'apiName', { value: `Ti.XML.${name}` });
  }
  const { getAttribute, getAttributeNS } = Element.prototype;
  hidden(Element.prototype, 'getAttribute', function (name) { return getAttribute.call(this, name) || ''; }); // "" for an absent one
  hidden(Element.prototype, 'getAttributeNS', function (uri, name) { return getAttributeNS.call(this, uri, name) || ''; });
}

extend();

class XML extends Proxy {
  parseString(value) {
    if (value === undefined || value === null) throw new TypeError('Titanium.XML.parseString: a text is expected');
    return parse(expand(String(value).replace(/^\uFEFF/, '')));
  }

  serializeToString(node) {
    if (!node || typeof node.nodeType !== 'number') throw new TypeError('Titanium.XML.serializeToString: a node is expected');
    return new xmldom.XMLSerializer().serializeToString(node);
  }
}

XML.apiName = 'Ti.XML';
XML.titaniumName = 'TiXML';

module.exports = new XML();
