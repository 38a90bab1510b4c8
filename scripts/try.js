'use strict';
// `npm run try`: reads its options and runs `examples/try.ts`, which `npm start` has built.
const { commandLine, example, portOption } = require('./command-line');

const several = (value, before = []) => [...before, value];

const options = commandLine('npm run --silent try --')
  .description('Holds a dialogue with the server of npm start, and prints it.')
  .addOption(portOption('of the server'))
  .option('--from <ADDRESS>', 'the address to connect from, in 127.0.0.0/8', '127.50.0.1')
  .option('--helo <NAME>', 'what to say at EHLO; empty for no EHLO', 'try.example')
  .option('--sender <ADDRESS>', 'of the message', 'someone@sender.example')
  .option('--to <ADDRESS>', 'send a message to this recipient; may be repeated', several)
  .option('--say <LINE>', 'say this line after EHLO; may be repeated', several)
  .addHelpText(
    'after',
    `
Examples:
  npm run --silent try -- --from 127.9.0.1 --to someone@elsewhere.example
  npm run --silent try -- --say 'EXPN staff'`,
  )
  .parse()
  .opts();

example('try').run({ to: [], say: [], ...options });
