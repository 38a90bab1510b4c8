// Breaks functions of the suite in a running Haraka, as config/sabotage says: `<function> <how>`.
const { patch, watchForUnhandled } = require('./sabotage_patch');

exports.register = function () {
  const folder = `${process.env.HARAKA}/config`;
  watchForUnhandled((text) => process.stdout.write(`sabotage: unhandled ${text}\n`));
  patch(`${process.env.HARAKA}/node_modules/haraka-plugin-smtpcheck/dist`, this.haraka_require('outbound'), folder);
};
