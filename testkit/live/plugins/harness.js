// Makes a Haraka process fit for tests: it asks only the stub DNS, tells when it serves, and ends with the test run.
const dns = require('node:dns');
const fs = require('node:fs');
const path = require('node:path');

exports.register = function () {
  askOnly(`127.0.0.1:${process.env.SMTPCHECK_TEST_DNS}`);
  endWithTheTestRun();
  // After every other plugin's own start.
  this.register_hook('init_master', 'tell_serving', 100);
  this.register_hook('init_child', 'tell_serving', 100);
};

exports.tell_serving = (next, server) => {
  // In a cluster the master forks only after this hook; it does not serve.
  if (!server.cluster?.isMaster) process.stdout.write(`harness: serving ${process.pid}\n`);
  next();
};

function askOnly(server) {
  dns.setServers([server]);
  dns.promises.setServers([server]);
  // Haraka's own helpers hold a resolver of their own.
  require('haraka-net-utils/lib/dns_config').getDnsResolver().setServers([server]);
}

// Standard input is a pipe from the test run: it closes even if that is killed outright.
function endWithTheTestRun() {
  process.stdin.on('end', () => {
    const directory = process.env.HARAKA;
    if (path.basename(directory).startsWith('smtpcheck-haraka-'))
      fs.rmSync(directory, { recursive: true, force: true });
    process.exit(0);
  });
  process.stdin.resume();
  process.stdin.unref?.();
}
