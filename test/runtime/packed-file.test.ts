import assert from 'node:assert/strict';
import fs from 'node:fs';
import { readPacked, writePacked } from '../../runtime/packed-file';
import { parseSlot, slots } from '../../runtime/slots';
import { makeFolder } from '../helpers/folder';

const listTexts = {
  host_list: 'local.example\n',
  host_list_regex: '(.*\\.)?dept\\.example\n',
  local_ip: '192.0.2\n!192.0.2.66\n2001:db8::/32\n',
  local_domain: 'campus.example\n=mail.example\n',
  relay_to: 'backup.example [10.0.0.5]:2525\nuser@one.example\n192.0.2.25\n',
  hosts: '198.51.100\nspam.example\n',
  relay_map: 'Connect:192.0.2.7 RELAY\nTo:user@ ERROR:5.1.1:550 No such user\nTo:b.example REJECT\n',
} as const;

describe('a packed file', () => {
  const values: readonly { readonly name: string; readonly value: unknown }[] = [
    {
      name: 'an array of each kind',
      value: [Uint8Array.of(1, 255), Uint16Array.of(65535), Uint32Array.of(4294967295)],
    },
    {
      name: 'arrays that are a part of a buffer',
      value: { part: new Uint32Array(Uint32Array.of(1, 2, 3).buffer, 4, 1) },
    },
    { name: 'empty arrays', value: { none: new Uint32Array(0), text: '' } },
    { name: 'no array at all', value: { file: 'bücher', line: 7, list: [true, null, { deep: 'x' }] } },
    ...slots.map(({ name }) => ({ name: `the data of ${name}`, value: parseSlot(name, name, listTexts[name]).data })),
  ];
  for (const { name, value } of values) {
    it(`holds ${name}`, async () => {
      const path = makeFolder().file('packed');
      await writePacked(path, value);
      assert.deepEqual(readPacked(path), value);
    });
  }

  it('is for its owner alone', async () => {
    const path = makeFolder().file('packed');
    await writePacked(path, { file: 'localip' });
    assert.equal(fs.statSync(path).mode & 0o777, 0o600);
  });

  it('is not read unless it is whole', async () => {
    const path = makeFolder().file('packed');
    await writePacked(path, parseSlot('relay_to', 'relay.to', listTexts.relay_to).data);
    const whole = fs.readFileSync(path);
    for (let length = 0; length < whole.length; length += 7) {
      fs.writeFileSync(path, whole.subarray(0, length));
      assert.throws(() => readPacked(path), `${length} bytes`);
    }
    fs.writeFileSync(path, Buffer.alloc(64, 0xff));
    assert.throws(() => readPacked(path), /not whole/);
  });
});
