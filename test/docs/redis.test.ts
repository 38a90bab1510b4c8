/** `docs/reference/redis.md`: its settings are settings, and each thing it says to fill a key with is a list. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { listSettings } from '../../src/lists/list-settings';
import { parseListContent } from '../../src/lists/parsing/parse-bytes';
import { parseSettings } from '../../src/policy/settings/settings';

const page = fs.readFileSync('docs/reference/redis.md', 'utf8');

describe('docs/reference/redis.md', () => {
  it('shows settings that keep lists in Redis', () => {
    const [, text = ''] = /^```smtpcheck\.ini\n(.*?)^```/ms.exec(page) ?? [];
    const { settings, findings } = parseSettings('smtpcheck.ini', text);
    assert.deepEqual(findings, []);
    const sources = listSettings.map((listSetting) => settings && listSetting.sourceIn(settings));
    assert.equal(sources.filter((source) => source?.redis).length, 4);
    assert.equal(sources.filter((source) => source?.redis && source.file).length, 3);
  });

  it('fills keys with entries', () => {
    for (const entry of (/`SADD host\.deny ([^`']+)`/.exec(page)?.[1] ?? '').split(' ')) {
      assert.ok(parseListContent('hosts', 'host.deny', entry).data, entry);
    }
    assert.ok(parseListContent('relay_map', 'relay.map', /`HSET relay\.map ([^`]+)`/.exec(page)?.[1] ?? '').data);
    const nobody = /`SADD host\.deny '([^`]*)'`/.exec(page)?.[1] ?? assert.fail('how to refuse nobody');
    assert.ok(parseListContent('hosts', 'host.deny', nobody).data);
  });
});
