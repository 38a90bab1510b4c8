'use strict';
// What the command lines of `npm start` and `npm run try` share. They are plain JavaScript, read before anything is built.
const fs = require('node:fs');
const path = require('node:path');
const { Command, InvalidArgumentError, Option } = require('commander');

const checkout = path.join(__dirname, '..');
exports.checkout = checkout;

/** Ends the process by itself: with 0 after --help, with 2 and the usage on stderr where it is used wrongly. */
exports.commandLine = (name) =>
  new Command(name)
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError()
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

exports.portOption = (what, name = 'port', preset = 2525) =>
  new Option(`--${name} <NUMBER>`, what).default(preset).argParser(portNumber);

/** A compiled module of `examples`. */
exports.example = (name) => {
  const file = path.join(checkout, '.build', 'examples', `${name}.js`);
  if (!fs.existsSync(file)) fail('Nothing is built yet: npm start builds it.');
  return require(file);
};

exports.fail = fail;

function fail(message) {
  console.error(message);
  process.exit(2);
}

function portNumber(text) {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new InvalidArgumentError('A port is a number from 1 to 65535.');
  return port;
}
