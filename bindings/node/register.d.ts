// register.d.ts - import 'tinet/register' installs Ti, Titanium, L, alert ...

/// <reference path="./augment.d.ts" />

declare const tinet: typeof Titanium;
export = tinet;
