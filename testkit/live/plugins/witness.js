// Tells what another plugin sees of the suite's work: `connection.relaying` at each hook, and the results.
const tell = (hook, connection, more = {}) =>
  process.stdout.write(
    `witness: ${JSON.stringify({ hook, ip: connection.remote.ip, relaying: connection.relaying, ...more })}\n`,
  );

const watch = (hook, about) => (next, connection, params) => {
  tell(hook, connection, about?.(connection, params));
  next();
};

const recipient = (_connection, params) => ({ rcpt: params[0].address?.call?.(params[0]) ?? params[0].address });

exports.hook_connect = watch('connect');
exports.hook_mail = watch('mail');
exports.hook_rcpt = watch('rcpt', recipient);
exports.hook_rcpt_ok = watch('rcpt_ok');
exports.hook_data_post = watch('data_post', (connection) => ({
  results: connection.transaction.results.get('smtpcheck'),
}));
exports.hook_queue = watch('queue');
exports.hook_queue_outbound = watch('queue_outbound');
