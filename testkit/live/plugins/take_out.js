// Takes the hooks of all smtpcheck plugins out of the running Haraka at SIGUSR2, and puts them back at the next one.
exports.register = function () {
  const { registered_hooks: hooks } = this.haraka_require('plugins');
  const suite = /^(?:haraka-plugin-)?smtpcheck(?:\/|$)/;
  let whole;
  process.on('SIGUSR2', () => {
    if (whole) {
      Object.assign(hooks, whole);
      whole = undefined;
    } else {
      whole = { ...hooks };
      for (const [name, items] of Object.entries(whole))
        hooks[name] = items.filter(({ plugin }) => !suite.test(plugin));
    }
    process.stdout.write(`harness: hooks ${whole ? 'out' : 'in'}\n`);
  });
};
