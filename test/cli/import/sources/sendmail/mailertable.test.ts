import assert from 'node:assert/strict';
import { type Outcome, outcomeOfAll, type Source } from '../../support';

interface TableCase {
  readonly name: string;
  readonly relayDomains?: string;
  readonly access?: string;
  readonly localNames?: string;
  readonly table: string;
  readonly becomes: Outcome;
}

const cases: readonly TableCase[] = [
  {
    name: 'gives a relayed domain its next hop, and the names below it theirs',
    relayDomains: 'example.org\n',
    table: 'example.org\tesmtp:[192.0.2.25]\n.example.org\trelay:[mail.example.org]\n',
    becomes: {
      localdomain: ['example.org'],
      'relay.to': ['example.org [mail.example.org]', '=example.org [192.0.2.25]'],
    },
  },
  {
    name: 'takes the names of SMTP mailers in any case, and a host without a mailer for one of relay',
    relayDomains: 'a.example b.example c.example\n',
    table: 'a.example\tESMTP:[IPv6:2001:db8::25]\nb.example\thub.example.org\nc.example\tsmtp:hub.example.org\n',
    becomes: {
      localdomain: ['a.example', 'b.example', 'c.example'],
      'relay.to': [
        'a.example',
        'b.example',
        'c.example',
        '=a.example [2001:db8::25]',
        '=b.example [hub.example.org]',
        '=c.example [hub.example.org]',
      ],
      remarks: ['sendmail-mailertable:2 mailertable-mx', 'sendmail-mailertable:3 mailertable-mx'],
    },
  },
  {
    name: 'takes the first of several next hops',
    relayDomains: 'a.example\n',
    table: 'a.example\tesmtp:[192.0.2.25]:[192.0.2.26]\n',
    becomes: {
      localdomain: ['a.example'],
      'relay.to': ['a.example', '=a.example [192.0.2.25]'],
      remarks: ['sendmail-mailertable:1 mailertable-fallback'],
    },
  },
  {
    name: 'remarks on the next hop of a domain that is not relayed to, and on what is no next hop',
    table:
      'a.example\tesmtp:[192.0.2.25]\n.\tsmtp:[192.0.2.1]\n.b.example\tsmtp:%1.inner.example\nc.example\nuser@d.example x:y\n',
    becomes: {
      remarks: [
        'sendmail-mailertable:1 mailertable-route',
        'sendmail-mailertable:2 mailertable-route',
        'sendmail-mailertable:3 mailertable-route',
        'sendmail-mailertable:4 mailertable-syntax',
        'sendmail-mailertable:5 mailertable-syntax',
      ],
    },
  },
  {
    name: 'refuses in relay.map what it refuses, in words or without',
    relayDomains: 'example.org\n',
    table:
      'a.example.org\terror:5.1.2:550 Gone away\nb.example.org\terror:nohost No such host\nc.example.org\terror:nouser 450 later\n' +
      'd.example.org\terror:\n.e.example.org\terror:nohost none\n',
    becomes: {
      localdomain: ['example.org'],
      'relay.to': [
        'example.org',
        '!=a.example.org',
        '!=b.example.org',
        '!=c.example.org',
        '!=d.example.org',
        '!e.example.org',
        '=e.example.org',
      ],
      map: [
        'To:a.example.org ERROR:5.1.2:550 Gone away',
        'To:b.example.org ERROR:5.7.1:550 No such host',
        'To:c.example.org ERROR:4.7.1:450 later',
        'To:d.example.org ERROR:5.7.1:550 No such host here',
      ],
      remarks: [1, 2, 3, 4, 5].map((line) => `sendmail-mailertable:${line} mailertable-refuses`),
    },
  },
  {
    name: 'refuses nothing below a refusal for which a narrower line has a next hop',
    relayDomains: 'example.org\n',
    table: '.old.example.org\terror:nohost none\nok.old.example.org\tesmtp:[192.0.2.25]\n',
    becomes: {
      localdomain: ['example.org'],
      'relay.to': ['example.org', '!old.example.org', '=old.example.org', '=ok.old.example.org [192.0.2.25]'],
      remarks: ['sendmail-mailertable:1 mailertable-refuses'],
    },
  },
  {
    name: 'relays to nothing that it drops',
    access: 'To:example.org RELAY\n',
    table: 'trap.example.org\tdiscard:\n',
    becomes: {
      'relay.to': ['example.org', '!=trap.example.org'],
      remarks: ['sendmail-mailertable:1 mailertable-discards'],
    },
  },
  {
    name: 'makes a relayed domain local that a mailer of the old server delivered: by MX its mail would come back',
    relayDomains: 'lists.example.org example.net\n',
    table:
      'lists.example.org\tmailman:lists.example.org\nother.example\tlocal:\n.example.net\tcyrus:x\nmail.example.net\tlmtp:x\n',
    becomes: {
      localdomain: ['lists.example.org', 'example.net'],
      'relay.to': ['lists.example.org', '!=lists.example.org', '=example.net'],
      local: ['lists.example.org', 'mail.example.net'],
      remarks: [
        'sendmail-mailertable:1 mailertable-local',
        'sendmail-mailertable:2 mailertable-route',
        'sendmail-mailertable:3 mailertable-mailer',
        'sendmail-mailertable:4 mailertable-local',
        'relay-domains:1 also-local',
      ],
    },
  },
  {
    name: 'says nothing of a domain that is local anyway',
    localNames: 'example.org\n',
    table: 'example.org\tlocal:\n',
    becomes: { local: ['example.org'] },
  },
];

describe('mailertable', () => {
  for (const { name, relayDomains, access, localNames, table, becomes } of cases) {
    it(name, () => {
      const sources: Source[] = [];
      if (relayDomains !== undefined) sources.push(['relay-domains', relayDomains]);
      if (access !== undefined) sources.push(['sendmail-access', access]);
      if (localNames !== undefined) sources.push(['local-host-names', localNames]);
      sources.push(['sendmail-mailertable', table]);
      assert.deepEqual(outcomeOfAll(sources), becomes);
    });
  }
});

describe('virtusertable', () => {
  it('remarks on the recipients that it refuses, and on nothing else', () => {
    const table =
      '# users\ninfo@example.org\tinfo\ngone@example.org\terror:nouser 550 Gone\n@example.org\terror:5.1.1:550 No such user\n';
    assert.deepEqual(outcomeOfAll([['sendmail-virtusertable', table]]), {
      remarks: ['sendmail-virtusertable:3 virtual-refused', 'sendmail-virtusertable:4 virtual-refused'],
    });
  });
});

describe('the domains of virtual users', () => {
  it('are local, and of class R', () => {
    assert.deepEqual(outcomeOfAll([['virtual-domains', '# customers\nshop.example\nclub.example # new\n']]), {
      localdomain: ['shop.example', 'club.example'],
      'relay.to': ['shop.example', '!=shop.example', 'club.example', '!=club.example'],
      local: ['shop.example', 'club.example'],
      remarks: ['virtual-domains:2 also-local', 'virtual-domains:3 also-local'],
    });
  });
});
