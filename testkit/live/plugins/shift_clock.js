// Each SIGUSR2 puts the clock of the process forward by a day.
const { shift } = require('./shift_clock_patch');

exports.register = () => {
  process.on('SIGUSR2', () => {
    shift(24 * 60 * 60 * 1000);
    process.stdout.write('clock: a day later\n');
  });
};
