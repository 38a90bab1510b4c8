// Not a plugin: what divert.js does to the sockets of this process.
const net = require('node:net');

exports.divert = (sinks) => {
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    // net.connect hands over its arguments as one normalized array.
    const options = Array.isArray(args[0]) ? args[0][0] : args[0];
    if (typeof options !== 'object' || options === null || options.path) return connect.apply(this, args);
    const host = String(options.host ?? '127.0.0.1');
    process.stdout.write(`divert: connects to ${host}:${options.port}\n`);
    const sink = options.port === 25 ? sinks[host] : undefined;
    if (sink) Object.assign(options, { host: '127.0.0.1', port: sink });
    else if (!host.startsWith('127.') || options.port === 25) Object.assign(options, { host: '127.0.0.1', port: 1 });
    return connect.apply(this, args);
  };
};
