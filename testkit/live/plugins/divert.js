// Keeps outbound mail on this machine: SMTPCHECK_TEST_DIVERT tells which sink stands for which address and port 25.
// Connections to any other address than loopback fail, and each attempt is told of.
const { divert } = require('./divert_sockets');

exports.register = () => divert(JSON.parse(process.env.SMTPCHECK_TEST_DIVERT));
