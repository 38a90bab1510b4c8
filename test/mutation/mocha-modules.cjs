'use strict';
// Lets `require('…/run-helpers')` find run-helpers.cjs.
const { Module } = require('node:module');

Module._extensions['.cjs'] ??= Module._extensions['.js'];
