'use strict';
// `npm start`: reads its options and looks whether the ports are free, then builds the suite and runs `examples/start.ts`.
const { execFileSync } = require('node:child_process');
const net = require('node:net');
const { checkout, commandLine, example, fail, portOption } = require('./command-line');

const { port, statusPort, build } = commandLine('npm start --')
  .description('Runs a real Haraka with this suite in a directory that is gone when it is stopped (Ctrl-C).')
  .addOption(portOption('where to listen, on 127.0.0.1'))
  .addOption(portOption('of the status page, on 127.0.0.1', 'status-port', 9904))
  .option('--no-build', 'run what is built already')
  .parse()
  .opts();

start();

async function start() {
  const error = await errorOf(port);
  if (error && error.code !== 'EADDRINUSE') fail(`Port ${port}: ${error.message}`);
  if (error)
    fail(`Port ${port} is taken by another program. Stop it, or choose another port: npm start -- --port 2526`);
  // Mail is served without the page as well.
  const hasPage = statusPort !== port && !(await errorOf(statusPort));
  if (build) buildAll();
  example('start').start(port, statusPort, hasPage);
}

/** What keeps a server from listening there. */
function errorOf(wanted) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', resolve);
    server.listen(wanted, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
}

function buildAll() {
  try {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: checkout, stdio: 'inherit' });
  } catch {
    fail('The suite could not be built.');
  }
}
