// A local delivery for tests: each message that reaches `queue` becomes one file in the `kept` folder.
const fs = require('node:fs');
const path = require('node:path');

exports.hook_queue = (next, connection) => {
  const transaction = connection?.transaction;
  if (!transaction) return next();
  const folder = path.join(process.env.HARAKA, 'kept');
  const file = path.join(folder, `${transaction.uuid}.json`);
  transaction.message_stream.get_data((text) => {
    const message = {
      mail_from: transaction.mail_from,
      rcpt_to: transaction.rcpt_to,
      text: text.toString('latin1'),
    };
    fs.mkdirSync(folder, { recursive: true });
    // Written aside and renamed, so that a reader never meets half a message.
    fs.writeFileSync(`${file}.part`, JSON.stringify(message));
    fs.renameSync(`${file}.part`, file);
    next(OK);
  });
};
