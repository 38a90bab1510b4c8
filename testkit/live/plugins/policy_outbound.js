// A policy on what goes out: a sender of that name is refused, or put off.
exports.hook_queue_outbound = (next, { transaction }) => {
  const { user } = transaction.mail_from;
  if (user === 'outbound-refused') return next(DENY, 'not from you');
  if (user === 'outbound-later') return next(DENYSOFT, 'not now');
  next();
};
