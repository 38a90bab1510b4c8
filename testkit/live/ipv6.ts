/** What is not played on a machine without IPv6 says so; with `SMTPCHECK_IPV6_REQUIRED=1` that is a failure. */
import assert from 'node:assert/strict';

export const noIpv6 = 'not played, since this machine has no IPv6 loopback';

export const ipv6Required = process.env.SMTPCHECK_IPV6_REQUIRED !== undefined;

/** The test that stands for one that cannot be played. */
export function withoutIpv6(): void {
  assert.ok(!ipv6Required, 'IPv6 is required here, and there is none');
}
