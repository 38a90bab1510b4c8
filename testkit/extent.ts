/**
 * How much the tests play. `npm test` plays a quarter of the random and the many cases, and once what differs in nothing but the version of Haraka
 * or of a client library; `npm run test:all` sets SMTPCHECK_TESTS=all and plays everything.
 */
export const everything = process.env.SMTPCHECK_TESTS === 'all';
