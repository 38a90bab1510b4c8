// What other plugins do with recipients and with relaying: an archive's copy, an alias, a partner that may be sent to, a look-up that takes its time.
exports.register = function () {
  this.register_hook('mail', 'archive');
  this.register_hook('rcpt', 'rewrite');
  this.register_hook('rcpt', 'vouch');
  this.register_hook('rcpt', 'ponder');
};

exports.archive = (next, { transaction }, [sender]) => {
  if (sender.user === 'archived') transaction.rcpt_to.push(like(sender, 'archive@local.example'));
  next();
};

exports.rewrite = (next, { transaction }, params) => {
  const [recipient] = params;
  if (recipient.user === 'alias') {
    transaction.rcpt_to.pop();
    transaction.rcpt_to.push(like(recipient, 'user@backup.example'));
    params[0] = like(recipient, 'user@backup.example');
  }
  next();
};

exports.vouch = (next, connection, [{ user, host }]) => {
  if (user === 'no-more') connection.relaying = false;
  if (host !== 'partner.example') return next();
  connection.relaying = true;
  next(OK);
};

exports.ponder = (next, _connection, [{ user }]) => {
  if (user === 'slow') setTimeout(next, 1_500);
  else next();
};

/** An address of the class that this Haraka has. */
function like(address, mailbox) {
  return new address.constructor(`<${mailbox}>`);
}
