'use strict';
// later.js - calls later, in order, with one wake-up for many.
//
// They come behind the callback that is running, at the end of the event if it is one
// of ours, which costs no turn of the loop; and every so often from the loop, so that
// a callback which writes again and again lets others have theirs.

const { reportUncaught } = require('./proxy');

const MAX_TICKS = 64;
let queue = []; // function and three arguments each
let nTicks = 0;
let isInEvent = false;

// What one of them throws is reported, and the others still run.
function runQueue() {
  const calls = queue;
  queue = [];
  for (let i = 0; i < calls.length; i += 4) {
    try {
      calls[i](calls[i + 1], calls[i + 2], calls[i + 3]);
    } catch (error) {
      reportUncaught(error);
    }
  }
}

function wake() {
  if (nTicks++ < MAX_TICKS) {
    process.nextTick(runQueue);
  } else {
    nTicks = 0;
    setImmediate(runQueue);
  }
}

function callLater(fn, a, b, c) {
  if (queue.length === 0 && !isInEvent) wake();
  queue.push(fn, a, b, c);
}

// What was to be called later comes before what has happened now.
function runLater() {
  if (queue.length > 0) runQueue();
}

// Around an event from the loop.
function enterEvent() {
  nTicks = 0;
  runLater();
  isInEvent = true;
}

function leaveEvent() {
  for (let i = 0; i < MAX_TICKS && queue.length > 0; i++) runQueue();
  isInEvent = false;
  if (queue.length > 0) setImmediate(runQueue);
}

module.exports = { callLater, enterEvent, leaveEvent, runLater };
