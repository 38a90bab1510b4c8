import assert from 'node:assert/strict';
import { Resolver } from 'node:dns';
import { parseSettings } from '../../src/policy/settings/settings';

describe('the resolver', () => {
  it('throws on no DNS server that the settings take', () => {
    const resolver = new Resolver();
    const parts = ['::1', '192.0.2.53', '%', '%eth0', '%br_lan', '[', ']', ':', '53', ':0'];
    const texts = parts.flatMap((a) => parts.flatMap((b) => parts.flatMap((c) => parts.map((d) => a + b + c + d))));
    let taken = 0;
    for (const text of texts) {
      const { settings } = parseSettings('smtpcheck.ini', `[dns]\nservers=${text}`);
      if (!settings) continue;
      taken++;
      assert.doesNotThrow(() => resolver.setServers(settings.dns.servers), text);
    }
    assert.ok(taken > 20, `${taken} are taken`);
  });
});
