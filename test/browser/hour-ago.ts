/**
 * Loaded into Haraka before anything else (`node --require`): sets its clock back by an hour and lets it catch up in two
 * minutes, so that what is shown of an hour is filled in that time. Plugins cannot do it: each has a `Date` of its own.
 */
const realNow = Date.now;
const start = realNow();
const hour = 3_600_000;
const catchUp = 120_000;

Date.now = () => {
  const now = realNow();
  return Math.round(now - Math.max(0, hour * (1 - (now - start) / catchUp)));
};
