// Not a plugin: what probe.js does to its process, outside of the sandbox that Haraka gives a plugin.
const asyncHooks = require('node:async_hooks');
const dns = require('node:dns');
const fs = require('node:fs');
const path = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');

// Haraka switches users by itself once it listens; before that the folders must be that user's.
exports.dropPrivileges = (server) => {
  if (process.getuid() !== 0) return;
  const [user, group] = process.env.SMTPCHECK_TEST_USER.split(':').map(Number);
  const folder = process.env.HARAKA;
  fs.mkdirSync(path.join(folder, 'kept'), { recursive: true });
  fs.chmodSync(folder, 0o755);
  for (const name of ['kept', 'queue']) fs.chownSync(path.join(folder, name), user, group);
  Object.assign(server.cfg.main, { user, group });
};

exports.deliveryDefers = () => fs.existsSync(path.join(process.env.HARAKA, 'delivery-defers'));

let resolver;

exports.askShortly = (ip, tell) => {
  if (!resolver) {
    resolver = new dns.Resolver({ timeout: 200, tries: 1 });
    resolver.setServers([`127.0.0.1:${process.env.SMTPCHECK_TEST_DNS}`]);
  }
  resolver.reverse(ip, (error, names) => tell(error || !names[0] ? 'DNSERROR' : names[0]));
};

let connections = [];

// Held weakly, so that one is there no longer than others hold it.
exports.rememberConnection = (connection) => {
  connections.push(new WeakRef(connection));
};

exports.tellAtSignal = (tell) => {
  const live = watchLive();
  process.on('unhandledRejection', (reason) => tell(`probe: unhandled ${reason?.stack ?? reason}`));
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc');
  process.on('SIGUSR2', async () => {
    // Some things are let go only by the finalizers of the round before.
    for (let round = 0; round < 4; round++) {
      collect();
      await new Promise((done) => setImmediate(done));
    }
    connections = connections.filter((connection) => connection.deref() !== undefined);
    const { heapUsed, external } = process.memoryUsage();
    const active = {};
    for (const name of process.getActiveResourcesInfo()) active[name] = (active[name] ?? 0) + 1;
    const held = {
      pid: process.pid,
      memory: heapUsed + external,
      timers: live.timers.size,
      watchers: live.watchers.size,
      connections: connections.length,
      active,
    };
    tell(`probe: ${JSON.stringify(held)}`);
  });
};

// getActiveResourcesInfo leaves out what does not keep the process alive, and no timer or watcher of ours does. Timers
// count where the suite has made them; Haraka has its own.
function watchLive() {
  const timers = new Set();
  const watchers = new Set();
  const init = (id, type) => {
    if (type === 'FSEVENTWRAP') watchers.add(id);
    if (type !== 'Timeout') return;
    if (/[\\/]dist[\\/](src|plugins)[\\/]/.test(new Error('here').stack)) timers.add(id);
  };
  const destroy = (id) => {
    timers.delete(id);
    watchers.delete(id);
  };
  asyncHooks.createHook({ init, destroy }).enable();
  return { timers, watchers };
}
