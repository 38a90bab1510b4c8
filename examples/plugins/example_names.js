// Lets this Haraka ask the example's own name server for client names, so that it needs no network.
const dns = require('node:dns');

exports.register = () => dns.setServers([process.env.EXAMPLE_NAME_SERVER]);
