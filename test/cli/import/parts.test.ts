import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from '../../../src/cli/import/gather';
import { unifiedDiff } from '../../../src/cli/import/output/diff';
import { recognise } from '../../../src/cli/import/recognise';
import { describeRemark, kindOf, remarkCodes } from '../../../src/cli/import/remark';
import type { SourceType } from '../../../src/cli/import/source-type';
import { commandsToPrint, mapFormat } from '../../../src/cli/import/sources/sendmail/compiled-map';
import { compiledMaps } from './compiled-maps';
import { inTemporaryFolder } from './support';

describe('mapFormat', () => {
  for (const { name, file, bytes, format } of compiledMaps) {
    it(`knows ${name}`, () => assert.equal(mapFormat(file, bytes), format));
  }
  it('knows a map by its name where its content is no text', () => {
    assert.equal(mapFormat('access.db', Buffer.from([1, 0, 2])), 'hash');
    assert.equal(mapFormat('access.lmdb', Buffer.alloc(0)), 'lmdb');
  });
  it('takes text for text, whatever its name', () => {
    assert.equal(mapFormat('access.db', Buffer.from('Connect:192.0.2 RELAY\n')), undefined);
    assert.equal(mapFormat('access', Buffer.from('x'.repeat(5000))), undefined);
    assert.equal(mapFormat('access', Buffer.alloc(0)), undefined);
  });
});

describe('commandsToPrint', () => {
  const cases: readonly (readonly [string, Parameters<typeof commandsToPrint>, readonly string[]])[] = [
    ['makemap for a map of sendmail', ['/etc/mail/access.db', 'hash'], ['makemap -u hash /etc/mail/access.db']],
    ['postmap for a map of Postfix', ['/etc/postfix/access.db', 'btree'], ['postmap -s btree:/etc/postfix/access']],
    ['both where nobody knows', ['access.db', 'hash'], ['makemap -u hash access.db', 'postmap -s hash:access']],
    ['postmap for LMDB', ['x.lmdb', 'lmdb'], ['postmap -s lmdb:x']],
    ['cdb for cdb', ['x.cdb', 'cdb'], ['cdb -d -m x.cdb']],
    ['quotes where the shell needs them', ["it's.db", 'hash', 'sendmail'], ["makemap -u hash 'it'\\''s.db'"]],
  ];
  for (const [name, args, commands] of cases) {
    it(name, () => assert.deepEqual(commandsToPrint(...args), commands));
  }
});

describe('recognise', () => {
  const cases: readonly (readonly [string, string, SourceType | undefined])[] = [
    ['main.cf', 'mynetworks = 127.0.0.0/8\n', 'postfix-main'],
    ['main.cf', '', 'postfix-main'],
    ['old.cf', 'V10/Berkeley\n', 'sendmail-cf'],
    ['sendmail.cf', '', 'sendmail-cf'],
    ['x.mc', '', 'sendmail-mc'],
    ['anything', "divert(0)dnl\nFEATURE(`access_db')\n", 'sendmail-mc'],
    ['site.def', '', 'cf-def'],
    ['anything', 'MAIL_RELAY_RESTRICTION=yes\n', 'cf-def'],
    ['access', '192.0.2 REJECT\n', 'sendmail-access'],
    ['access.txt', '# x\nConnect:192.0.2 RELAY\n', 'sendmail-access'],
    ['/etc/postfix/access', '192.0.2 REJECT\n', undefined],
    ['relay-domains', '# ours\nexample.org # x\n', 'relay-domains'],
    ['relay-domains', 'example.org\npartner.example OK\n', undefined],
    ['/etc/postfix/relay-domains', 'example.org\n', undefined],
    ['relay_domains', '# table\npartner.example OK\n.partner.example x\n', 'postfix-relay-domains-hash'],
    ['relay_domains', 'partner.example\n', undefined],
    ['sendmail.cw', 'example.org\n', 'local-host-names'],
    ['sendmail.localip', '192.0.2\n', 'cf-localip'],
    ['sendmail.relay.map', 'To:example.org RELAY\n', 'cf-relay-map'],
    ['relay_acl_allow', '192.0.2.0/24\n', 'haraka-relay-acl'],
    ['relay.ini', '[relay]\n', 'haraka-relay-ini'],
    ['networks.cidr', '192.0.2.0/24 OK\n', undefined],
    ['notes.txt', 'nothing of the kind\n', undefined],
  ];
  for (const [file, text, type] of cases) {
    it(`takes ${file} (${JSON.stringify(text.slice(0, 20))}) for ${type ?? 'nothing it knows'}`, () => {
      assert.equal(recognise(file, text), type);
    });
  }
});

describe('decode', () => {
  it('reads comments as Japanese sites wrote them', () => {
    assert.equal(decode(Buffer.from('# 学内\n')), '# 学内\n');
    assert.equal(decode(Buffer.from([0x23, 0x20, 0xb3, 0xd8, 0xc6, 0xe2, 0x0a])), '# 学内\n');
    assert.equal(decode(Buffer.from([0x23, 0x20, 0x8a, 0x77, 0x93, 0xe0, 0x0a])), '# 学内\n');
    const iso = [0x23, 0x20, 0x1b, 0x24, 0x42, 0x33, 0x58, 0x46, 0x62, 0x1b, 0x28, 0x42, 0x0a];
    assert.equal(decode(Buffer.from(iso)), '# 学内\n');
  });
  it('loses no line to bytes that are no text', () => {
    assert.equal(decode(Buffer.from([0x61, 0xff, 0x0a, 0x62])).split('\n').length, 2);
  });
});

describe('unifiedDiff', () => {
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`).join('');
  const pairs: readonly (readonly [string, string, string])[] = [
    ['a new file', '', 'a\nb\n'],
    ['a change in the middle', numbers(1, 20), `${numbers(1, 9)}ten\n${numbers(11, 20)}`],
    ['two changes far apart', numbers(1, 40), `zero\n${numbers(1, 38)}`],
    ['two changes close together', numbers(1, 12), `${numbers(1, 3)}${numbers(5, 8)}x\n${numbers(9, 12)}`],
    ['a file without last newline', 'a\nb', 'a\nc\n'],
    ['a file that loses all', 'a\nb\n', 'c\n'],
    ['a file emptied', 'a\nb\n', ''],
    ['thousands of lines, each changed', numbers(1, 6000), `${numbers(10_001, 16_000)}end`],
  ];
  for (const [name, before, after] of pairs) {
    it(`is what patch needs for ${name}`, () => {
      inTemporaryFolder((folder) => {
        writeFileSync(join(folder, 'f'), before);
        const diff = unifiedDiff('f', before, after).replace('--- /dev/null', '--- a/f');
        const { status, stdout, stderr } = spawnSync('patch', ['-p1'], { cwd: folder, input: diff, encoding: 'utf8' });
        assert.equal(status, 0, stdout + stderr);
        assert.equal(readFileSync(join(folder, 'f'), 'utf8'), after);
      });
    });
  }
  it('says nothing of equal texts', () => assert.equal(unifiedDiff('f', 'a\n', 'a\n'), ''));
});

describe('remarkCodes', () => {
  it('holds each code once, of whichever source', () => {
    assert.deepEqual([...new Set(remarkCodes)], remarkCodes);
  });
});

describe('describeRemark', () => {
  it('has words for every code, and a meaning for relaying', () => {
    for (const code of remarkCodes) {
      const { message, effect } = describeRemark({ code, at: { file: 'f', line: 1 }, text: 'x', detail: 'DETAIL' });
      assert.ok(message.length > 10 && effect.length > 10, code);
      assert.ok(!message.includes('{'), `${code}: ${message}`);
    }
  });
  it('has each code in docs/reference/cli-import.md, in the same words', () => {
    const page = readFileSync('docs/reference/cli-import.md', 'utf8');
    for (const code of remarkCodes) {
      const { message, effect } = describeRemark({ code, at: { file: 'f', line: 1 }, text: 'x', detail: '…' });
      const kind = { 'left-out': 'left out', changed: 'changed', note: 'note' }[kindOf(code)];
      const row = `| \`${code}\` | ${kind} | ${message} | ${effect} |`;
      assert.ok(page.includes(`${row}\n`), row);
    }
  });
});
