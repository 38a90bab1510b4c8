// Not a plugin: outside of the sandbox that Haraka gives a plugin, so that its promises are the suite's own kind.
const fs = require('node:fs');
const path = require('node:path');

const targets = {
  decideDeny: 'src/policy/deny-decision',
  decideHello: 'src/policy/hello',
  decideMailHello: 'src/policy/hello',
  decideRecipientForm: 'src/policy/recipient-form',
  decideRelay: 'src/policy/relay-decision',
  decideTrust: 'src/policy/client-trust',
  decideDisposition: 'src/policy/disposition',
  decideCommand: 'src/policy/privacy',
  authWarnings: 'src/policy/auth-warning',
  recipientsOf: 'src/host/dispositions',
  record: 'src/host/record',
  recordFault: 'src/host/record',
  nextHops: 'plugins/relay/next-hops',
  queueInParts: 'plugins/relay/queue-parts',
};

exports.patch = (dist, outbound, folder) => {
  const how = (name) => {
    // Read at each call, so that a test need not wait.
    const lines = fs.readFileSync(path.join(folder, 'sabotage'), 'utf8').split('\n');
    return lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1];
  };
  const load = (file) => require(fs.realpathSync(path.join(dist, `${file}.js`)));
  for (const [name, file] of Object.entries(targets)) replace(load(file), name, how);
  replace(load('src/dns/client-names').ClientNameService.prototype, 'confirmed', how);
  replace(load('src/dns/client-names').ClientNameService.prototype, 'claimed', how);
  replace(outbound, 'send_trans_email', how);
};

function replace(holder, name, how) {
  const original = holder[name];
  if (typeof original !== 'function') throw new Error(`there is no ${name} to break`);
  holder[name] = function (...args) {
    switch (how(name)) {
      case 'throw':
        throw new Error(`${name} was broken on purpose`);
      case 'reject':
        return Promise.reject(new Error(`${name} was broken on purpose`));
      case 'reject-strangely':
        return Promise.reject(Object.create(null));
      case 'hang':
        return new Promise(() => undefined);
      case 'nothing':
        return undefined;
      default:
        return original.apply(this, args);
    }
  };
  if (holder[name] === original) throw new Error(`${name} cannot be broken`);
}

exports.watchForUnhandled = (tell) => {
  process.on('unhandledRejection', (reason) => tell(String(reason)));
};
