/**
 * How much the tests play: `npm test` leaves out what differs in nothing but the version of Haraka or of a client library;
 * `npm run test:all` sets SMTPCHECK_TESTS=all and plays everything.
 */
export const everything = process.env.SMTPCHECK_TESTS === 'all';
