// An open relay, for tests of what is queued to go out.
exports.hook_connect_init = (next, connection) => {
  connection.relaying = true;
  next();
};
