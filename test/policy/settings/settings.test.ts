import assert from 'node:assert/strict';
import fs from 'node:fs';
import { isLoopback } from '../../../src/policy/settings/setting-kinds';
import { modeOf, parseSettings, privacyFlagsOf } from '../../../src/policy/settings/settings';
import { type Settings, settingsDescription } from '../../../src/policy/settings/settings-description';
import { describeAsIni, describeAsTable } from '../../../src/policy/settings/settings-text';

function settingsOf(text: string): Settings {
  const { settings, findings } = parseSettings('smtpcheck.ini', text);
  assert.deepEqual(
    findings.filter(({ severity }) => severity === 'fault'),
    [],
  );
  assert.ok(settings);
  return settings;
}

describe('the defaults', () => {
  it('relay for nobody, refuse strangers and keep users secret', () => {
    const settings = settingsOf('');
    assert.deepEqual(settings, {
      main: { mode: 'enforce', notes: true, poll: 2000, settle: 500 },
      relay: {
        mode: '',
        restriction: true,
        local_ip: { file: 'localip' },
        local_domain: { file: 'localdomain' },
        relay_to: { file: 'relay.to' },
        relay_map: { file: 'relay.map' },
        attributes: 'enforce',
        local_delivery: true,
        this_host: [],
      },
      limits: { mode: 'enforce', client: null, user: null, store: 'memory', report_to: '', ipv6: 64 },
      verify: {
        ...{ unsure: 'accept', cache: 100_000, cache_file: 'smtpcheck.verified', unknown: 10 },
        ...{ rate: { recipients: 300, period: 60_000 }, timeout: 10_000 },
      },
      deny: { mode: '', hosts: { file: 'host.deny' }, at: 'connect', on_dns_failure: 'pass' },
      helo: { mode: '' },
      privacy: { mode: '', flags: ['needmailhelo', 'noexpn', 'novrfy', 'authwarnings'], vrfy_reply: '252' },
      redis: { max_age: 15_000 },
      dns: {
        servers: [],
        timeout: 2000,
        tries: 2,
        cache_size: 10000,
        cache_ttl: 300_000,
        mx_lookups: { recipients: 60, period: 60_000 },
      },
      status: { listen: [], socket: 'smtpcheck.sock', token_file: '', recent: 1000 },
    });
    assert.deepEqual(privacyFlagsOf(settings), {
      needmailhelo: true,
      needexpnhelo: false,
      needvrfyhelo: false,
      noexpn: true,
      novrfy: true,
      noetrn: false,
      noverb: true,
      authwarnings: true,
    });
  });

  it('stand in the shipped file, commented out and uncommented alike', () => {
    const text = describeAsIni();
    assert.deepEqual(settingsOf(text), settingsOf(''));
    assert.deepEqual(settingsOf(text.replace(/^;(?=[a-z_]+=)/gm, '')), settingsOf(''));
  });

  it('are what config/smtpcheck.ini and docs/reference/settings.md show', () => {
    assert.equal(fs.readFileSync('config/smtpcheck.ini', 'utf8'), describeAsIni());
    const page = fs.readFileSync('docs/reference/settings.md', 'utf8');
    assert.equal(page.split(/<!-- settings -->\n|<!-- end of settings -->/)[1], describeAsTable());
  });
});

interface ValueCase {
  readonly setting: string;
  readonly good: Readonly<Record<string, unknown>>;
  /** Text to what is offered instead, if anything. */
  readonly bad: Readonly<Record<string, string | undefined>>;
  /** What the finding says would be right. */
  readonly expected?: string;
}

const aKey = 'redis:KEY or redis:[HOST:PORT]KEY with a key without blanks';

const values: readonly ValueCase[] = [
  {
    setting: 'status.listen',
    good: {
      '': [],
      '127.0.0.1:9904': [{ host: '127.0.0.1', port: 9904 }],
      '[::1]:9904, /run/smtpcheck.sock': [{ host: '::1', port: 9904 }, { path: '/run/smtpcheck.sock' }],
      '[::ffff:127.0.0.1]:1': [{ host: '127.0.0.1', port: 1 }],
      '127.0.0.1:65535': [{ host: '127.0.0.1', port: 65535 }],
    },
    bad: {
      'x127.0.0.1:1': undefined,
      '127.0.0.1:123456': undefined,
      '9904': 'listen=127.0.0.1:9904',
      'localhost:9904': 'listen=127.0.0.1:9904',
      'mx.example.org:9904': undefined,
      '::1:9904': undefined,
      '127.0.0.1:0': undefined,
      '127.0.0.1:65536': undefined,
      'status.sock': undefined,
    },
  },
  {
    setting: 'status.listen',
    good: {},
    bad: { '[::1]:1 *:9904': 'listen=127.0.0.1:9904' },
    expected: 'addresses with a port, as 127.0.0.1:9904 or [::1]:9904, or absolute paths; *:9904 is neither',
  },
  {
    setting: 'status.listen',
    good: {},
    bad: { 'status.sock': undefined },
    expected: 'addresses with a port, as 127.0.0.1:9904 or [::1]:9904, or absolute paths; status.sock is neither',
  },
  {
    setting: 'status.token_file',
    good: {},
    bad: { 'a b': undefined },
    expected: 'a path without blanks and ..',
  },
  {
    setting: 'status.socket',
    good: { '': '', 'smtpcheck.sock': 'smtpcheck.sock', '/run/a.sock': '/run/a.sock' },
    bad: { '../a.sock': undefined, 'a b': undefined },
  },
  { setting: 'status.token_file', good: { '': '', token: 'token' }, bad: { 'a b': undefined } },
  { setting: 'status.recent', good: { '1': 1, '10000': 10_000 }, bad: { '0': undefined, '10001': undefined } },
  {
    setting: 'relay.attributes',
    good: { enforce: 'enforce', Observe: 'observe' },
    bad: { obsrve: 'attributes=observe', '': undefined },
    expected: 'one of enforce, observe',
  },
  {
    setting: 'limits.client',
    good: {
      '': null,
      '200/1h': { recipients: 200, period: 3_600_000 },
      '1/31d': { recipients: 1, period: 2_678_400_000 },
      '999999999/1s': { recipients: 999_999_999, period: 1000 },
    },
    bad: {
      '200/h': 'client=200/1h',
      '200': undefined,
      '0/1h': undefined,
      '200/32d': undefined,
      '200/1h,all': undefined,
      'x200/h': undefined,
      '200/hx': undefined,
    },
    expected: 'a number of recipients for a period of at most 31d, as 200/1h',
  },
  {
    setting: 'limits.report_to',
    good: { '': '', 'postmaster@dept.example': 'postmaster@dept.example' },
    bad: {
      postmaster: undefined,
      '<a@dept.example>': undefined,
      'a@b@dept.example': undefined,
      'a b@dept.example': undefined,
      'a@dept..example': undefined,
    },
    expected: 'a mail address, as postmaster@example.org',
  },
  { setting: 'limits.ipv6', good: { '16': 16, '128': 128 }, bad: { '15': undefined, '129': undefined } },
  { setting: 'limits.store', good: { memory: 'memory', redis: 'redis' }, bad: { file: undefined } },
  {
    setting: 'main.mode',
    good: { enforce: 'enforce', OBSERVE: 'observe' },
    bad: { obsrve: 'mode=observe', off: undefined, '': undefined },
    expected: 'one of enforce, observe',
  },
  {
    setting: 'relay.mode',
    good: { '': '', observe: 'observe' },
    bad: { enforced: 'mode=enforce', yes: undefined },
    expected: 'one of enforce, observe',
  },
  {
    setting: 'relay.restriction',
    good: { true: true, yes: true, On: true, '1': true, false: false, NO: false, off: false, '0': false },
    bad: {
      '': undefined,
      maybe: undefined,
      'true ; always': undefined,
      'not true': undefined,
      'no ; never': undefined,
      'is off': undefined,
    },
    expected: 'true or false',
  },
  {
    setting: 'main.notes',
    good: { true: true, no: false },
    bad: { some: undefined },
  },
  {
    setting: 'main.poll',
    good: { '200ms': 200, '2s': 2000, '2 s': 2000, '1m': 60_000, '60s': 60_000 },
    bad: {
      '199ms': undefined,
      '61s': undefined,
      '2': 'poll=2s',
      '2S': undefined,
      '-2s': undefined,
      '2.5s': undefined,
      '2sec': undefined,
      '2 2': undefined,
      '20': 'poll=20s',
      '': undefined,
    },
    expected: 'a duration from 200ms to 1m, with ms, s, m or h',
  },
  {
    setting: 'dns.cache_ttl',
    good: { '1s': 1000, '1000   ms': 1000, '24h': 86_400_000, '1440m': 86_400_000 },
    bad: { '25h': undefined, '999ms': undefined },
    expected: 'a duration from 1s to 24h, with ms, s, m or h',
  },
  {
    setting: 'dns.cache_size',
    good: { '1': 1, '1000000': 1_000_000, '000000010': 10 },
    bad: { '0': undefined, '1000001': undefined, '0000000010': undefined, '10k': undefined, 'a 10': undefined },
    expected: 'a whole number from 1 to 1000000',
  },
  {
    setting: 'dns.tries',
    good: { '1': 1, '5': 5 },
    bad: { '0': undefined, '6': undefined, '1.5': undefined, '': undefined, two: undefined, '0x2': undefined },
    expected: 'a whole number from 1 to 5',
  },
  {
    setting: 'relay.local_ip',
    good: {
      localip: { file: 'localip' },
      'lists/localip': { file: 'lists/localip' },
      '/etc/sendmail.localip': { file: '/etc/sendmail.localip' },
      redis: { file: 'redis' },
      'my-redis:x': { file: 'my-redis:x' },
      'redis:a//b': { file: '', redis: { name: 'redis:a//b', key: 'a//b' } },
      '': { file: '' },
      'redis:ours': { file: '', redis: { name: 'redis:ours', key: 'ours' } },
      'redis:mail:ours': { file: '', redis: { name: 'redis:mail:ours', key: 'mail:ours' } },
      'redis:': { file: '', redis: { name: 'redis:localip', key: 'localip' } },
      'REDIS:Ours \t /var/lib/ours': { file: '/var/lib/ours', redis: { name: 'redis:Ours', key: 'Ours' } },
      'redis:[db.example]ours localip': {
        file: 'localip',
        redis: { name: 'redis:[db.example]ours', key: 'ours', server: { host: 'db.example', port: 6379 } },
      },
      'redis:[db.example:6380]': {
        file: '',
        redis: { name: 'redis:[db.example:6380]localip', key: 'localip', server: { host: 'db.example', port: 6380 } },
      },
      'redis:[192.0.2.6:1]ours': {
        file: '',
        redis: { name: 'redis:[192.0.2.6:1]ours', key: 'ours', server: { host: '192.0.2.6', port: 1 } },
      },
      'redis:[2001:db8::6]ours': {
        file: '',
        redis: { name: 'redis:[2001:db8::6]ours', key: 'ours', server: { host: '2001:db8::6', port: 6379 } },
      },
      'redis:[[2001:db8::6]:65535]ours': {
        file: '',
        redis: { name: 'redis:[[2001:db8::6]:65535]ours', key: 'ours', server: { host: '2001:db8::6', port: 65535 } },
      },
    },
    bad: {
      'local ip': undefined,
      '../localip': undefined,
      'a/../b': undefined,
      '/': undefined,
      'redis:ours localip localdomain': undefined,
      'redis:ours ../localip': undefined,
      'redis:ours redis:theirs': undefined,
      'localip redis:ours': 'local_ip=redis:ours localip',
      'redis://db.example:6380/ours': 'local_ip=redis:[db.example:6380]ours',
      'redis:[db.example]:6380/ours]': undefined,
      'redis:[db.example': undefined,
      'redis:[]ours': undefined,
      'redis:[db.example:0]ours': undefined,
      'redis:[db.example:65536]ours': undefined,
      'redis:[[db.example]:6380]ours': undefined,
      'redis:[[2001:db8::6]ours': undefined,
      '/etc/local ip': undefined,
      'etc/local ip': undefined,
    },
  },
  {
    setting: 'relay.local_ip',
    good: {},
    bad: {
      'local ip': undefined,
      '../localip': undefined,
      'redis:ours ../localip': undefined,
      'a redis:b c': undefined,
    },
    expected: `a file in Haraka's config folder or an absolute path, or ${aKey}`,
  },
  {
    setting: 'relay.local_ip',
    good: {},
    bad: {
      'redis://db.example': 'local_ip=redis:[db.example]',
      'redis:[db.example': undefined,
      'redis:[]ours': undefined,
      'redis:[db.example:0]ours': undefined,
      'redis:[db.example:6380x]ours': undefined,
      'redis:[[1:2]:6380]ours': undefined,
    },
    expected: aKey,
  },
  {
    setting: 'relay.local_ip',
    good: {},
    bad: { 'redis:ours localip localdomain': undefined, 'redis:ours redis:theirs': undefined },
    expected: 'redis:KEY and at most one file',
  },
  {
    setting: 'relay.local_ip',
    good: {},
    bad: { 'localip redis:ours': 'local_ip=redis:ours localip' },
    expected: 'the key first and then the file',
  },
  {
    setting: 'relay.relay_map',
    good: {},
    bad: { 'hash:a b': undefined, 'hash:../map': undefined },
    expected: "a file in Haraka's config folder or an absolute path",
  },
  {
    setting: 'relay.relay_map',
    good: {
      'hash:relay.map': { file: 'relay.map' },
      'HASH:/etc/relay.map': { file: '/etc/relay.map' },
      'hash:': { file: '' },
      '': { file: '' },
      'redis:': { file: '', redis: { name: 'redis:relay.map', key: 'relay.map' } },
      'redis:map hash:relay.map': { file: 'relay.map', redis: { name: 'redis:map', key: 'map' } },
    },
    bad: {
      'relay.map': 'relay_map=hash:relay.map',
      'btree:relay.map': 'relay_map=hash:relay.map',
      'hash:a b': undefined,
      'redis:map relay.map': 'relay_map=redis:map hash:relay.map',
      'hash:relay.map redis:map': 'relay_map=redis:map hash:relay.map',
    },
  },
  {
    setting: 'deny.hosts',
    good: { 'redis:': { file: '', redis: { name: 'redis:host.deny', key: 'host.deny' } } },
    bad: {},
  },
  { setting: 'redis.max_age', good: { '1s': 1000, '10m': 600_000 }, bad: { '999ms': undefined, '601s': undefined } },
  {
    setting: 'relay.this_host',
    good: { '': [], 'MX.Example.org. 192.0.2.7,2001:db8::7': ['mx.example.org', '192.0.2.7', '2001:db8::7'] },
    bad: { 'mx.example.org, mx..example.org': undefined },
    expected: 'host names and IP addresses; mx..example.org is neither',
  },
  {
    setting: 'relay.this_host',
    good: { 'a.example , b.example': ['a.example', 'b.example'] },
    bad: { '192.0.2.300': undefined },
    expected: 'host names and IP addresses; 192.0.2.300 is neither',
  },
  {
    setting: 'dns.servers',
    good: {
      '': [],
      '192.0.2.53': ['192.0.2.53'],
      '192.0.2.53:5353, [2001:db8::53]:53 2001:db8::54': ['192.0.2.53:5353', '[2001:db8::53]:53', '2001:db8::54'],
    },
    bad: {
      '192.0.2.53:0': undefined,
      '192.0.2.53:65536': undefined,
      '[ns]:53': undefined,
      'x[2001:db8::53]:53': undefined,
      '[2001:db8::53]:53x': undefined,
      '192.0.2.53:531531': undefined,
    },
  },
  {
    setting: 'dns.servers',
    good: {
      'fe80::1%eth0': ['fe80::1%eth0'],
      '[fe80::1%br-lan.100]:5353': ['[fe80::1%br-lan.100]:5353'],
    },
    bad: {
      '::1%': 'servers=::1',
      '[::1%]:53': 'servers=[::1]:53',
      'fe80::1%br_lan': 'servers=fe80::1',
      '192.0.2.53, [fe80::1%br_lan]:5353': 'servers=192.0.2.53, [fe80::1]:5353',
      'fe80::1%a%b': 'servers=fe80::1',
      'fe80::1%eth0 fe80::1% ::1%': 'servers=fe80::1%eth0, fe80::1, ::1',
      '::1% ns.example.org': undefined,
      '%eth0': undefined,
    },
  },
  {
    setting: 'dns.servers',
    good: {
      '192.0.2.53:1 192.0.2.53:65535': ['192.0.2.53:1', '192.0.2.53:65535'],
      '[2001:db8::53]': ['[2001:db8::53]'],
    },
    bad: { '192.0.2.53 ns.example.org': undefined },
    expected: 'IP addresses of DNS servers; ns.example.org is none',
  },
  {
    setting: 'relay.relay_map',
    good: {},
    bad: { 'relay.map': 'relay_map=hash:relay.map', '/etc/hash:x': 'relay_map=hash:/etc/hash:x' },
    expected: 'a table type and a file',
  },
  {
    setting: 'relay.relay_map',
    good: {},
    bad: { 'btree:relay.map': 'relay_map=hash:relay.map' },
    expected: 'a table of type hash, kept as text',
  },
  { setting: 'deny.at', good: { connect: 'connect', rcpt: 'rcpt' }, bad: { conect: 'at=connect', mail: undefined } },
  { setting: 'privacy.vrfy_reply', good: { '252': '252', '502': '502' }, bad: { '550': undefined } },
  {
    setting: 'privacy.flags',
    good: { '': [], 'NoExpn, novrfy  authwarnings': ['noexpn', 'novrfy', 'authwarnings'], public: ['public'] },
    bad: {},
  },
];

describe('isLoopback', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1']) it(`holds for ${host}`, () => assert.ok(isLoopback(host)));
  for (const host of ['', 'localhost', '126.0.0.1', '::2', '2001:db8::7']) {
    it(`does not hold for ${JSON.stringify(host)}`, () => assert.ok(!isLoopback(host)));
  }
});

describe('parseSettings', () => {
  for (const [address, isOpen] of [
    ['127.0.0.1:1', false],
    ['127.255.0.7:1', false],
    ['[::1]:1', false],
    ['/run/a.sock', false],
    ['126.0.0.1:1', true],
    ['0.0.0.0:1', true],
    ['[2001:db8::7]:1', true],
    ['[::]:1', true],
  ] as const) {
    it(`wants ${isOpen ? 'a token' : 'no token'} for status.listen=${address}`, () => {
      const codes = (more: string) =>
        parseSettings('smtpcheck.ini', `[status]\nlisten=${address}\n${more}`).findings.map(({ code }) => code);
      assert.deepEqual(codes(''), isOpen ? ['status-token-missing'] : []);
      assert.deepEqual(codes('token_file=token'), []);
    });
  }

  for (const { setting, good, bad, expected } of values) {
    const [section = '', key = ''] = setting.split('.');
    for (const [text, value] of Object.entries(good)) {
      it(`reads ${setting} from ${JSON.stringify(text)}`, () => {
        const settings = settingsOf(`[${section}]\n${key}=${text}`);
        assert.deepEqual((settings as unknown as Record<string, Record<string, unknown>>)[section]?.[key], value);
      });
    }
    for (const [text, use] of Object.entries(bad)) {
      it(`reads no ${setting} from ${JSON.stringify(text)}`, () => {
        const { settings, findings } = parseSettings('smtpcheck.ini', `[${section}]\n${key}=${text}`);
        assert.equal(settings, undefined);
        assert.deepEqual(
          findings.map(({ code, at, suggestion }) => [code, at.line, suggestion]),
          [['ini-value', 2, use]],
        );
        if (expected) assert.equal(findings[0]?.detail, expected);
      });
    }
  }

  const faults: readonly { readonly name: string; readonly text: string; readonly says: readonly string[] }[] = [
    {
      name: 'offers the nearest section',
      text: '[realy]\nrestriction=maybe',
      says: ['1 ini-section-unknown write [relay]'],
    },
    { name: 'offers no section where none is near', text: '[connection]', says: ['1 ini-section-unknown'] },
    {
      name: 'offers the nearest key',
      text: '[relay]\nrestrict=true\nlocalip=x',
      says: ['2 ini-key-unknown', '3 ini-key-unknown write local_ip'],
    },
    {
      name: 'offers the section that has the key',
      text: '[relay]\nflags=noexpn',
      says: ['2 ini-key-unknown write flags in [privacy]'],
    },
    {
      name: 'knows keys in lower case alone',
      text: '[relay]\nRestriction=true',
      says: ['2 ini-key-unknown write restriction'],
    },
    {
      name: 'reports a key that is set twice',
      text: '[dns]\ntries=1\n[main]\n[dns]\ntries=2',
      says: ['5 ini-key-twice detail 2'],
    },
    { name: 'reports lines that are neither', text: '[relay]\nrestriction\n', says: ['2 ini-syntax'] },
    {
      name: 'reports everything at once, in order',
      text: 'nonsense\n[relay]\nrestriction=maybe\n[dsn]\n[deny]\nat=mail\n',
      says: ['1 ini-syntax', '3 ini-value', '4 ini-section-unknown write [dns]', '6 ini-value'],
    },
    { name: 'offers the nearest flag', text: '[privacy]\nflags=noexpn,novfry', says: ['2 flag-unknown write novrfy'] },
    {
      name: 'is not fooled by names of objects',
      text: '[__proto__]\nx=1\n[main]\nconstructor=1',
      says: ['1 ini-section-unknown', '4 ini-key-unknown'],
    },
  ];
  for (const { name, text, says } of faults) {
    it(name, () => {
      const { settings, findings } = parseSettings('smtpcheck.ini', text);
      assert.equal(settings, undefined);
      const found = findings.map(({ code, at, suggestion, detail }) =>
        [at.line, code, suggestion && `write ${suggestion}`, code === 'ini-key-twice' && `detail ${detail}`]
          .filter(Boolean)
          .join(' '),
      );
      assert.deepEqual(found, says);
    });
  }

  it('takes flags that do not apply to Haraka, and says why', () => {
    const { settings, findings } = parseSettings('smtpcheck.ini', '[privacy]\nflags=goaway,RestrictQrun');
    assert.ok(settings);
    assert.deepEqual(
      findings.map(({ code, severity, text }) => [code, severity, text]),
      [['flag-does-not-apply', 'warning', 'RestrictQrun']],
    );
  });

  it('tells which settings the file names, and where', () => {
    const { written } = parseSettings('smtpcheck.ini', '[relay]\n\nlocal_ip=ours\n;relay_to=x\n');
    assert.deepEqual([...written], [['relay.local_ip', { file: 'smtpcheck.ini', line: 3 }]]);
  });
});

describe('modeOf', () => {
  it('takes the mode of the plugin, else that of main', () => {
    const settings = settingsOf('mode=observe\n[relay]\nmode=enforce\n');
    assert.deepEqual([modeOf(settings, 'relay'), modeOf(settings, 'deny')], ['enforce', 'observe']);
    assert.equal(modeOf(settingsOf('[deny]\nmode=observe'), 'deny'), 'observe');
    assert.equal(modeOf(settingsOf('[deny]\nmode=observe'), 'relay'), 'enforce');
  });
});

describe('settingsDescription', () => {
  it('says of each key what it is', () => {
    for (const [section, keys] of Object.entries(settingsDescription)) {
      for (const [key, setting] of Object.entries(keys)) assert.match(setting.summary, /\S/, `${section}.${key}`);
    }
  });
});
