'use strict';
// `npm start`: reads its options and looks whether the port is free, then builds the suite and runs `examples/start.ts`.
const { execFileSync } = require('node:child_process');
const net = require('node:net');
const { checkout, commandLine, example, fail, portOption } = require('./command-line');

const { port, build } = commandLine('npm start --')
  .description('Runs a real Haraka with this suite in a directory that is gone when it is stopped (Ctrl-C).')
  .addOption(portOption('where to listen, on 127.0.0.1'))
  .option('--no-build', 'run what is built already')
  .parse()
  .opts();

const server = net.createServer();
server.once('error', (error) => {
  if (error.code !== 'EADDRINUSE') fail(`Port ${port}: ${error.message}`);
  fail(`Port ${port} is taken by another program. Stop it, or choose another port: npm start -- --port 2526`);
});
server.listen(port, '127.0.0.1', () =>
  server.close(() => {
    if (build) buildAll();
    example('start').start(port);
  }),
);

function buildAll() {
  try {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: checkout, stdio: 'inherit' });
  } catch {
    fail('The suite could not be built.');
  }
}
