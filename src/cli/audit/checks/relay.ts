/** Whether a stranger may send through this server to a third party. */
import type { Fix, SmtpCheck } from '../check';
import { askForms, type Form, judgeForms } from '../forms';
import { report, safe, unsafe } from '../outcome';
import { answered } from '../session/dialogue-fault';
import { isAccepted, shownReply } from '../session/smtp-dialogue';
import type { SmtpContext } from '../smtp-context';
import { shortened } from '../transcript';

const fix: Fix = {
  haraka:
    'Load `smtpcheck` with `[relay] restriction=true`; keep `config/localip` and `config/relay.to` to what is yours, and look for a proxy or container gateway in `localip`.',
  sendmail:
    'Remove FEATURE(`promiscuous_relay`), FEATURE(`relay_entire_domain`) and wide `RELAY` entries in /etc/mail/access; check class R (relay-domains).',
  postfix:
    'Keep `reject_unauth_destination` in `smtpd_relay_restrictions`, and `mynetworks` to your own networks (IPv6 too).',
  dovecot: 'Dovecot submission: do not set `submission_relay_trusted` or open `login_trusted_networks` to strangers.',
};

const why =
  'A server that takes mail from anyone for anyone is found within hours, sends spam in your name and lands on block lists.';

function foreignOf({ audit }: SmtpContext): { readonly u: string; readonly v: string } {
  return { u: audit.foreign.user, v: audit.foreign.domain };
}

function addressLiteral({ channel }: SmtpContext): string {
  return channel.family === 6 ? `[IPv6:${channel.address.split('%')[0]}]` : `[${channel.address}]`;
}

/** A third party's mailbox, in the plain form. */
export function plainForms(context: SmtpContext): Form[] {
  const { u, v } = foreignOf(context);
  return [
    { name: 'plain', rcpt: `<${u}@${v}>` },
    { name: 'upper case', rcpt: `<${u}@${v.toUpperCase()}>` },
    { name: 'trailing dot', rcpt: `<${u}@${v}.>` },
    { name: 'blank before the bracket', rcpt: ` <${u}@${v}>` },
    { name: 'no brackets', rcpt: `${u}@${v}` },
    { name: 'letter case of the verbs', rcpt: '', lines: { mail: 'mAiL fRoM:<>', rcpt: `rCpT tO:<${u}@${v}>` } },
  ];
}

export function senderForms(context: SmtpContext): Form[] {
  const { u, v } = foreignOf(context);
  const senders: Array<readonly [string, string]> = [
    ['null sender', '<>'],
    ['sender is the recipient', `<${u}@${v}>`],
    ['sender without a domain', '<smtpcheck-audit>'],
    ['sender at localhost', '<root@localhost>'],
    ['sender at the loopback literal', '<root@[127.0.0.1]>'],
    ['sender at the server literal', `<root@${addressLiteral(context)}>`],
    ...context.localDomains.map((domain) => [`sender at ${domain}`, `<postmaster@${domain}>`] as const),
    ...context.audit.site.backupRecipients.map(({ address }) => [`sender ${address}`, `<${address}>`] as const),
  ];
  return senders.map(([name, mail]) => ({ name, mail, rcpt: `<${u}@${v}>` }));
}

/** A route in the local part, under a domain that is the server's own. */
export function routeForms(context: SmtpContext): Form[] {
  const { u, v } = foreignOf(context);
  const own = [...context.localDomains, addressLiteral(context)];
  const forms: Form[] = own.flatMap((l) => [
    { name: `percent at ${l}`, rcpt: `<${u}%${v}@${l}>`, under: l },
    { name: `bang at ${l}`, rcpt: `<${v}!${u}@${l}>`, under: l },
    { name: `quoted at ${l}`, rcpt: `<"${u}@${v}"@${l}>`, under: l },
    { name: `two at signs, ${l} last`, rcpt: `<${u}@${v}@${l}>`, under: l },
  ]);
  const first = own[0];
  if (first !== undefined) {
    forms.push(
      { name: 'percent twice', rcpt: `<${u}%${v}%hop.example.org@${first}>`, under: first },
      { name: 'bang twice', rcpt: `<hop.example.org!${v}!${u}@${first}>`, under: first },
      { name: 'quoted percent', rcpt: `<"${u}%${v}"@${first}>`, under: first },
      { name: 'escaped at sign', rcpt: `<${u}\\@${v}@${first}>`, under: first },
      { name: 'encoded at sign', rcpt: `<${u}%40${v}@${first}>`, under: first },
    );
  }
  forms.push(
    { name: 'percent without a domain', rcpt: `<${u}%${v}>`, under: '' },
    { name: 'bang without a domain', rcpt: `<${v}!${u}>`, under: '' },
    { name: 'quoted without a domain', rcpt: `<"${u}@${v}">`, under: '' },
  );
  for (const { domain } of context.audit.site.backupRecipients) {
    if (domain === undefined) continue;
    forms.push(
      { name: `percent at backup ${domain}`, rcpt: `<${u}%${v}@${domain}>`, under: domain },
      { name: `bang at backup ${domain}`, rcpt: `<${v}!${u}@${domain}>`, under: domain },
      { name: `quoted at backup ${domain}`, rcpt: `<"${u}@${v}"@${domain}>`, under: domain },
    );
  }
  return forms;
}

export function sourceRouteForms(context: SmtpContext): Form[] {
  const { u, v } = foreignOf(context);
  const literal = addressLiteral(context);
  const forms: Form[] = [
    { name: 'source route over the literal', rcpt: `<@${literal}:${u}@${v}>` },
    { name: 'source route over localhost', rcpt: `<@localhost:${u}@${v}>` },
  ];
  for (const l of context.localDomains) {
    forms.push(
      { name: `source route over ${l}`, rcpt: `<@${l}:${u}@${v}>` },
      { name: `two hops from ${l}`, rcpt: `<@${l},@hop.example.org:${u}@${v}>` },
      { name: `source route and percent at ${l}`, rcpt: `<@${l}:${u}%${v}@${l}>`, under: l },
    );
  }
  return forms;
}

export function literalForms(context: SmtpContext): Form[] {
  const { u } = foreignOf(context);
  return [
    { name: 'IPv4 literal', rcpt: `<${u}@[198.51.100.7]>` },
    { name: 'IPv6 literal', rcpt: `<${u}@[IPv6:2001:db8::7]>` },
    { name: 'bare address', rcpt: `<${u}@198.51.100.7>` },
    { name: 'address as one number', rcpt: `<${u}@3325256711>` },
  ];
}

/** Names that only look like the server's own domains; a sloppy comparison accepts them. */
export function lookalikeForms(context: SmtpContext): Form[] {
  const { u, v } = foreignOf(context);
  const backups = context.audit.site.backupRecipients.flatMap(({ domain }) => (domain === undefined ? [] : [domain]));
  return [...context.localDomains, ...backups].flatMap((domain) => [
    { name: `${domain} as a prefix`, rcpt: `<${u}@${domain}.${v}>` },
    { name: `${domain} as a suffix of a label`, rcpt: `<${u}@not${domain}>` },
    { name: `two at signs, ${domain} first`, rcpt: `<${u}@${domain}@${v}>` },
    { name: `comment naming ${domain}`, rcpt: `<${u}@${v}(${domain})>` },
  ]);
}

export function parameterForms(context: SmtpContext): Form[] {
  const { u, v } = foreignOf(context);
  const local = context.localDomains[0] ?? 'localhost';
  return [
    { name: 'ORCPT names ours', rcpt: `<${u}@${v}> ORCPT=rfc822;postmaster@${local}` },
    { name: 'NOTIFY', rcpt: `<${u}@${v}> NOTIFY=SUCCESS,FAILURE,DELAY` },
    { name: 'MAIL AUTH=', mail: `<> AUTH=postmaster@${local}`, rcpt: `<${u}@${v}>` },
    { name: 'RET and ENVID', mail: `<> RET=FULL ENVID=${local}`, rcpt: `<${u}@${v}>` },
    { name: 'two recipients on one line', rcpt: `<${u}@${v}> <postmaster@${local}>` },
    { name: 'NUL before ours', rcpt: `<${u}@${v}\0@${local}>` },
  ];
}

function relayCheck(id: string, title: string, forms: (context: SmtpContext) => Form[], more: string): SmtpCheck {
  return {
    id,
    title,
    why: `${why} ${more}`,
    fix,
    async run(context) {
      // The banner, which this sees first, gives the name that the forms need.
      await context.sender();
      return context.asStranger(judgeForms(await askForms(context, forms(context))));
    },
  };
}

const plain = relayCheck('relay-plain', 'Mail for a stranger’s domain', plainForms, 'This is the open relay itself.');

const senders = relayCheck(
  'relay-senders',
  'Mail for a stranger’s domain from a sender that looks like ours',
  senderForms,
  'A sender address is only a claim; some servers let it decide.',
);

const routes = relayCheck(
  'relay-routes',
  'A route in the local part: percent, bang, quotes, two at signs',
  routeForms,
  'The server sees its own domain on the right; it, or the machine behind it, may then follow what stands on the left.',
);

const sourceRoutes = relayCheck(
  'relay-source-routes',
  'A source route before the address',
  sourceRouteForms,
  'RFC 5321 appendix C: a route is to be ignored, and the address behind it is what counts.',
);

const literals = relayCheck(
  'relay-literals',
  'Addresses in place of a domain',
  literalForms,
  'Rules written for names are often not asked for literals.',
);

const lookalikes = relayCheck(
  'relay-lookalikes',
  'Domains that only look like ours',
  lookalikeForms,
  'Domains compare by whole labels; a comparison of strings takes others for ours.',
);

const parameters = relayCheck(
  'relay-parameters',
  'Parameters and broken lines around a stranger’s address',
  parameterForms,
  'A parameter must not change who may send where.',
);

const xclient: SmtpCheck = {
  id: 'xclient',
  title: 'Another client address claimed by XCLIENT or a PROXY line',
  why: 'Whoever may say which address it comes from may say a trusted one, and relays.',
  fix: {
    haraka: 'Name only your own front ends in `config/xclient.hosts` and under `[haproxy] hosts` in connection.ini.',
    sendmail: 'sendmail knows neither; look at what stands before it.',
    postfix:
      'Keep `smtpd_authorized_xclient_hosts` empty, and `smtpd_upstream_proxy_protocol` to ports only your proxy reaches.',
    dovecot: 'Keep `haproxy_trusted_networks` and `login_trusted_networks` to your own front ends.',
  },
  async run(context) {
    const smtp = await context.greeted();
    const offered = ['XCLIENT', 'XFORWARD'].filter((name) => smtp.offers.has(name));
    const reply = await context.command(smtp, 'XCLIENT ADDR=127.0.0.1 NAME=localhost');
    if (isAccepted(reply)) return unsafe(`XCLIENT is obeyed: ${shortened(shownReply(reply))}`);
    const again = await context.connect();
    const proxy = await answered(context.command(again, 'PROXY TCP4 127.0.0.1 127.0.0.1 25252 25'));
    if (proxy !== undefined && isAccepted(proxy)) return unsafe(`PROXY is obeyed: ${shortened(shownReply(proxy))}`);
    if (offered.length > 0) return report(`${offered.join(' and ')} offered in EHLO, though refused to us`);
    return safe(
      `XCLIENT → ${shortened(shownReply(reply))}; PROXY ${proxy === undefined ? 'not obeyed' : `→ ${proxy.code}`}`,
    );
  },
};

export const relayChecks: readonly SmtpCheck[] = [
  plain,
  senders,
  routes,
  sourceRoutes,
  literals,
  lookalikes,
  parameters,
  xclient,
];
