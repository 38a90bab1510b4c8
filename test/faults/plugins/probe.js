// Makes a Haraka process fit for the fault run: it serves as a user to whom file modes mean something, looks up client
// names without Haraka's long wait for a silent DNS, and tells at SIGUSR2 what it holds.
const { askShortly, deliveryDefers, dropPrivileges, rememberConnection, tellAtSignal } = require('./probe_process');

exports.register = function () {
  dropPrivileges(this.haraka_require('server'));
  tellAtSignal((line) => process.stdout.write(`${line}\n`));
};

// Haraka's own look-up takes a minute to give up; what it then calls the client is the same.
exports.hook_lookup_rdns = (next, connection) => {
  rememberConnection(connection);
  askShortly(connection.remote.ip, (name) => next(OK, name));
};

// Before the plugin that keeps local mail.
exports.hook_queue = function (next) {
  if (!deliveryDefers()) return next();
  this.lognotice('probe: local delivery defers');
  next(DENYSOFT, 'Local delivery is down');
};

// Mail that goes out waits, without a timer that would keep a worker from ending.
exports.hook_send_email = (next) => next(DELAY, 86_400);
