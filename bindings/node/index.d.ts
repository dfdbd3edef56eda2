// index.d.ts - require('tinet') is the Titanium object.

/// <reference path="./augment.d.ts" />

declare const tinet: typeof Titanium;
export = tinet;
