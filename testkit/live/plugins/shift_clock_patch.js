// Not a plugin: outside of the sandbox that Haraka gives a plugin, which has a Date of its own.
const now = Date.now;
let ahead = 0;
Date.now = () => now() + ahead;

exports.shift = (milliseconds) => {
  ahead += milliseconds;
};
