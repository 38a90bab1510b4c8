// The example's local delivery: each message becomes a file that can be read, its envelope on top.
const fs = require('node:fs');
const path = require('node:path');

exports.hook_queue = (next, connection) => {
  const transaction = connection?.transaction;
  if (!transaction) return next();
  const folder = path.join(process.env.HARAKA, 'messages');
  transaction.message_stream.get_data((message) => {
    const recipients = transaction.rcpt_to.map((recipient) => `RCPT TO:${recipient.format()}\n`);
    const envelope = `MAIL FROM:${transaction.mail_from.format()}\n${recipients.join('')}\n`;
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, `${transaction.uuid}.eml`), Buffer.concat([Buffer.from(envelope), message]));
    next(OK);
  });
};
