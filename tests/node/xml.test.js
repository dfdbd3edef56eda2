'use strict';
// xml.test.js - Titanium.XML: the DOM, Titanium's additions, bad documents.

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Ti } = require('./support');

const { parseString, serializeToString } = {
  parseString: (text) => Ti.XML.parseString(text),
  serializeToString: (node) => Ti.XML.serializeToString(node),
};

function refused(text, message) {
  assert.throws(() => parseString(text), { code: 'TINET_ESYNTAX', ...(message && { message }) }, text.slice(0, 60));
}

test('a document has its elements, attributes and texts', () => {
  const document = parseString('<?xml version="1.0"?><a n="1"><b>x</b><b>y<!-- c --></b><c/></a>');
  const root = document.documentElement;
  assert.equal(root.tagName, 'a');
  assert.equal(root.getAttribute('n'), '1');
  assert.equal(root.attributes.getNamedItem('n').value, '1');
  const list = document.getElementsByTagName('b');
  assert.deepEqual([list.length, list.item(1).text, list.item(5)], [2, 'y', null]);
  assert.deepEqual([root.text, root.getText(), root.textContent], ['xy', 'xy', 'xy']);
  assert.equal(root.firstChild.nextSibling.parentNode, root);
  assert.equal(root.getElementsByTagName('c').item(0).hasChildNodes(), false);
});

test('an absent attribute is "", its node null', () => {
  const root = parseString('<a b=""/>').documentElement;
  assert.deepEqual([root.getAttribute('none'), root.getAttributeNS('u', 'none')], ['', '']);
  assert.equal(root.getAttributeNode('none'), null);
  assert.deepEqual([root.hasAttribute('b'), root.hasAttribute('none')], [true, false]);
});

test('every kind of node says what it is', () => {
  const document = parseString('<!DOCTYPE a><a b="1">t<!--c--><?p d?><![CDATA[<x>]]></a>');
  const root = document.documentElement;
  const kinds = [document, document.doctype, root, root.getAttributeNode('b'), ...Array.from({ length: 4 }, (_, i) => root.childNodes.item(i))];
  assert.deepEqual(kinds.map((n) => n.apiName), ['Document', 'DocumentType', 'Element', 'Attr', 'Text', 'Comment',
    'ProcessingInstruction', 'CDATASection'].map((n) => `Ti.XML.${n}`));
  assert.deepEqual(kinds.map((n) => n.nodeType), [document.DOCUMENT_NODE, document.DOCUMENT_TYPE_NODE, root.ELEMENT_NODE,
    root.ATTRIBUTE_NODE, root.TEXT_NODE, root.COMMENT_NODE, root.PROCESSING_INSTRUCTION_NODE, root.CDATA_SECTION_NODE]);
  assert.equal(root.childNodes.apiName, 'Ti.XML.NodeList');
  assert.equal(root.attributes.apiName, 'Ti.XML.NamedNodeMap');
  assert.equal(document.implementation.apiName, 'Ti.XML.DOMImplementation');
  assert.equal(root.lastChild.data, '<x>');
});

test('properties have their accessors', () => {
  const document = parseString('<a b="1">t<?p d?></a>');
  const root = document.getDocumentElement();
  assert.deepEqual([root.getTagName(), root.getNodeType(), root.getChildNodes().getLength()], ['a', 1, 2]);
  const attribute = root.getAttributes().item(0);
  attribute.setValue('2');
  assert.deepEqual([attribute.getName(), attribute.getValue(), root.getAttribute('b')], ['b', '2', '2']);
  root.getFirstChild().setData('u');
  assert.equal(root.text, 'u');
  assert.equal(root.lastChild.getTarget(), 'p');
});

test('a document can be changed and written', () => {
  const document = parseString('<a/>');
  const b = document.createElement('b');
  b.setAttribute('q', '"<&>');
  b.appendChild(document.createTextNode('1 < 2'));
  document.documentElement.appendChild(b);
  const text = serializeToString(document);
  assert.equal(text, '<a><b q="&quot;&lt;&amp;&gt;">1 &lt; 2</b></a>');
  assert.equal(parseString(text).documentElement.firstChild.getAttribute('q'), '"<&>');
  assert.equal(serializeToString(b.firstChild), '1 &lt; 2');
  assert.throws(() => serializeToString('text'), TypeError);
});

test('namespaces', () => {
  const document = parseString('<f:a xmlns:f="urn:f" xmlns="urn:d"><b f:c="1"/></f:a>');
  const b = document.getElementsByTagNameNS('urn:d', 'b').item(0);
  assert.deepEqual([b.namespaceURI, b.localName, b.getAttributeNS('urn:f', 'c')], ['urn:d', 'b', '1']);
  assert.deepEqual([document.documentElement.prefix, document.documentElement.localName], ['f', 'a']);
});

test('nodes have events, and JSON of a tree ends', () => {
  const document = parseString('<a><b>t</b></a>');
  const heard = [];
  document.documentElement.addEventListener('seen', (e) => heard.push(e.source.tagName, e.n));
  document.documentElement.fireEvent('seen', { n: 1 });
  assert.deepEqual(heard, ['a', 1]);
  assert.deepEqual(JSON.parse(JSON.stringify({ document })), { document: { nodeName: '#document', nodeType: 9, nodeValue: null } });
});

test('what is not well-formed is refused, with its place', () => {
  for (const bad of ['', ' ', 'text', '<a>', '<a></b>', '<a b=c/>', '<a b="1" b="2"/>', '<a b="<"/>', '<a/><b/>', '<a>&none;</a>',
    '<a>&nbsp;</a>', '<!DOCTYPE a []', '<!DOCTYPE a ["', '<!-- ', '<a><!-- -- --></a>']) {
    refused(bad);
  }
  refused('<a>\n<b></c></a>', /line 2/);
  assert.throws(() => Ti.XML.parseString(), TypeError);
  assert.throws(() => Ti.XML.parseString(null), TypeError);
});

test('a byte-order mark is skipped', () => {
  assert.equal(parseString('\uFEFF<?xml version="1.0" encoding="utf-8"?><a>t</a>').documentElement.text, 't');
});

test('entities of the document are put in, in texts and attributes', () => {
  const document = parseString(`<?xml version="1.0"?><!-- <!DOCTYPE no [<!ENTITY who "nobody">]> -->
    <!DOCTYPE a [ <!-- <!ENTITY who "comment"> --> <!ELEMENT a ANY>
      <!ENTITY who "World"><!ENTITY who "second"><!ENTITY both 'Hello, &who;!'><!ENTITY cr "&#65;&#x42;">
      <!ENTITY mark "<b>&who;</b>"><!ENTITY quotes '"q"'><!ENTITY lt "no"><!ENTITY amp2 "&#38;#38;">
      <!ENTITY % part "x"> ]>
    <a t="&both;" q="&quotes;"><i>&both;</i>&cr;&mark;&lt;&amp2;<![CDATA[&who;]]><!-- &who; --></a>`);
  const root = document.documentElement;
  assert.equal(root.getAttribute('t'), 'Hello, World!');
  assert.equal(root.getAttribute('q'), '"q"');
  assert.equal(root.text, 'Hello, World!ABWorld<&&who;');
  assert.equal(root.getElementsByTagName('b').item(0).text, 'World');
});

test('a document type is no harm where it is only text', () => {
  assert.equal(parseString('<a><![CDATA[<!DOCTYPE x [<!ENTITY y "z">]>&y;]]></a>').documentElement.text, '<!DOCTYPE x [<!ENTITY y "z">]>&y;');
});

test('a few entities that multiply are refused', () => {
  const lol = (n) => Array.from({ length: n }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
  refused(`<!DOCTYPE a [<!ENTITY l0 "lol">${lol(9)}]><a>&l9;</a>`, /become more than/);
  const once = 'x'.repeat(100000);
  refused(`<!DOCTYPE a [<!ENTITY x "${once}">]><a>${'&x;'.repeat(1000)}</a>`, /become more than/);
  refused(`<!DOCTYPE a [<!ENTITY x "${once}">]><a ${Array.from({ length: 20 }, (_, i) => `b${i}="&x;"`).join(' ')}/>`, /become more than/);
  const many = Array.from({ length: 1000 }, (_, i) => `<!ENTITY e${i} "&x;">`).join('');
  refused(`<!DOCTYPE a [<!ENTITY x "${once}">${many}]><a>${Array.from({ length: 1000 }, (_, i) => `&e${i};`).join('')}</a>`, /become more than/);
});

test('entities that contain themselves, or nest without end, are refused', () => {
  refused('<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y "&x;">]><a>&x;</a>', /contains itself/);
  const chain = Array.from({ length: 100000 }, (_, i) => `<!ENTITY e${i} "&e${i + 1};">`).join('');
  refused(`<!DOCTYPE a [${chain}]><a>&e0;</a>`, /is inside 64 others/);
});

test('nothing outside the document is read', (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tinet-xml-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const file = path.join(dir, 'secret');
  fs.writeFileSync(file, 'secret');
  refused(`<!DOCTYPE a [<!ENTITY x SYSTEM "file://${file}">]><a>&x;</a>`, /entity not found/);
  refused(`<!DOCTYPE a [<!ENTITY x PUBLIC "p" "${file}">]><a>&x;</a>`, /entity not found/);
  refused(`<!DOCTYPE a [<!ENTITY % x SYSTEM "file://${file}"> %x;]><a>&y;</a>`);
  assert.equal(parseString(`<!DOCTYPE a SYSTEM "file://${file}"><a>t</a>`).documentElement.text, 't');
});
