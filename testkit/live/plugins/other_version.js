// At each connection the worker tells its master of events as another version of the suite might.
exports.hook_connect = (next) => {
  const relay = { plugin: 'relay', outcome: 'refuse', observed: false };
  const events = {
    decisions: [
      { ...relay, rule: 'of-tomorrow', count: 7, colour: 'red' },
      { ...relay, rule: 'A"}\n', count: 1 },
      { ...relay, plugin: 'greet', rule: 'x', count: 1 },
      null,
    ],
    recent: [{ ...relay, rule: 'of-tomorrow', time: Date.now(), helo: '\u001b[31m', entry: 'none' }, 'x'],
    lookups: 'many',
    weather: { rain: 1 },
  };
  for (const report of [{ version: 99, pid: process.pid, mood: 'good', lists: 'none', events }, 'report', null, {}]) {
    process.send?.({ event: 'smtpcheck.report', report });
  }
  process.send?.({ event: 'smtpcheck.of-tomorrow' });
  next();
};
