'use strict';
// bonjour_declared.js - the types that a project declares for iOS 14 and later: the array
// NSBonjourServices in the plist of tiapp.xml.

const { DOMParser } = require('@xmldom/xmldom');

function children(node, name) {
  return Array.from((node && node.childNodes) || []).filter((child) => child.nodeType === 1 && (!name || child.localName === name));
}

// The element after <key>name</key>.
function valueOf(dict, name) {
  const all = children(dict);
  const at = all.findIndex((child) => child.localName === 'key' && child.textContent.trim() === name);
  return at < 0 ? null : all[at + 1];
}

// `text` is a tiapp.xml that has been read already, so it is well-formed.
function declaredTypes(text) {
  const root = new DOMParser({ onError() {} }).parseFromString(text, 'text/xml').documentElement;
  const types = [];
  for (const ios of children(root, 'ios')) {
    for (const dict of children(ios, 'plist').flatMap((plist) => children(plist, 'dict'))) {
      types.push(...children(valueOf(dict, 'NSBonjourServices'), 'string').map((string) => string.textContent.trim()));
    }
  }
  return types;
}

module.exports = { declaredTypes };
