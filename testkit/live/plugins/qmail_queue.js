#!/usr/bin/env node
// Not a plugin: a program like qmail-queue for tests, which gets the message on descriptor 0 and the envelope on 1. Each
// message becomes one file in the `qmail` folder.
const fs = require('node:fs');
const path = require('node:path');

const text = fs.readFileSync(0, 'latin1');
const [sender, ...recipients] = fs.readFileSync(1, 'latin1').split('\0').filter(Boolean);
const folder = path.join(process.env.HARAKA, 'qmail');
const file = path.join(folder, `${process.pid}.json`);
fs.mkdirSync(folder, { recursive: true });
const message = { sender: sender.slice(1), recipients: recipients.map((recipient) => recipient.slice(1)), text };
fs.writeFileSync(`${file}.part`, JSON.stringify(message));
fs.renameSync(`${file}.part`, file);
