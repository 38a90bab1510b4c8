/**
 * master.cf (master(5)), or what `postconf -P` prints of it: services whose `-o name=value` replaces what main.cf says. The
 * import goes by main.cf; what a service says otherwise is reported, and where it is the service that strangers use, what
 * main.cf permits there is not carried over.
 */

import { Collector, type SourceItem } from '../../collector';
import type { ReaderContext, Reading } from '../../site-policy';
import { m4, readTemplate } from '../template';
import { logicalLines } from '../text-lines';
import { classOf } from './postfix-parameters';
import { mynetworksChain, relayDomainsChain } from './postfix-patterns';
import { isOutright } from './postfix-restrictions';
import { wordsOf } from './postfix-values';

interface Override {
  readonly name: string;
  readonly value: string;
}

interface Service {
  readonly name: string;
  readonly type: string;
  readonly overrides: readonly Override[];
  readonly item: SourceItem;
}

export function readPostfixMaster(text: string, context: ReaderContext): Reading {
  const template = readTemplate(text, context, m4);
  if (template) return template;
  const out = new Collector(context);
  for (const { line, text: entry } of logicalLines(text)) {
    const [name = '', type = '', , , , , , command, ...args] = entry.split(/\s+/);
    const item = { line, text: entry };
    if (command === undefined) out.remark('postfix-syntax', item);
    else if (command === 'smtpd') addService(out, { name, type, overrides: overridesIn(args.join(' ')), item });
  }
  return out;
}

/** `smtp/inet/smtpd_client_restrictions = …` */
export function readPostfixServices(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  const services = new Map<string, Service>();
  for (const { line, text: entry } of logicalLines(text)) {
    const [, name = '', type = '', parameter = '', value = ''] =
      /^(\S+)\/([a-z-]+)\/([^\s/=]+)\s*=\s*(.*)$/s.exec(entry) ?? [];
    if (parameter === '') {
      out.remark('postfix-syntax', { line, text: entry });
      continue;
    }
    const key = `${name}/${type}`;
    const before = services.get(key) ?? { name, type, overrides: [], item: { line, text: entry } };
    services.set(key, { ...before, overrides: [...before.overrides, { name: parameter, value }] });
  }
  for (const service of services.values()) addService(out, service);
  return out;
}

/** `-o name=value`, `-o { name = value }`. */
function overridesIn(args: string): Override[] {
  const words = wordsOf(args.replaceAll(',', '\u0000'));
  return words.flatMap((word, i) => {
    if (words[i - 1] !== '-o' && !/^-o./.test(word)) return [];
    const text = word.replace(/^-o/, '').replace(/^\{|\}$/g, '');
    const [, name, value = ''] = /^\s*([^\s=]+)\s*=\s*(.*?)\s*$/s.exec(text.replaceAll('\u0000', ',')) ?? [];
    return name === undefined ? [] : [{ name, value }];
  });
}

const aboutTrust = [
  ...['mynetworks', 'parent_domain_matches_subdomains', 'smtpd_peername_lookup'],
  ...['smtpd_relay_restrictions', 'smtpd_recipient_restrictions'],
];
const aboutDestinations = [
  ...['relay_domains', 'relay_recipient_maps', 'parent_domain_matches_subdomains'],
  ...['smtpd_relay_restrictions', 'smtpd_recipient_restrictions'],
];

function addService(out: Collector, { name, type, overrides, item }: Service): void {
  const known = overrides.filter(isAboutSending);
  if (known.length === 0) return;
  const names = [...new Set(known.map((override) => override.name))];
  if (!isForStrangers(name, type)) {
    out.remark('postfix-service', item, names.join(', '));
    return;
  }
  out.remark('postfix-port-25', item, names.join(', '));
  // Of every main.cf that is imported along with it.
  const refusals = known.filter(refusesOutright);
  const distrusts = refusals.some(({ value }) => !wordsOf(value).includes('permit_mynetworks'));
  if (distrusts || names.some((one) => aboutTrust.includes(one)))
    out.addBarrier('localip', mynetworksChain(''), [-1], item);
  if (refusals.length > 0 || names.some((one) => aboutDestinations.includes(one)))
    out.addBarrier('relay.to', relayDomainsChain(''), [-1], item);
}

/** A list of restrictions that ends with everybody refused, or may do so: a variable of main.cf is not known here. */
function refusesOutright({ name, value }: Override): boolean {
  return /^smtpd_\w+_restrictions$/.test(name) && wordsOf(value).some((word) => isOutright(word) || word.includes('$'));
}

function isAboutSending({ name, value }: Override): boolean {
  const found = classOf(name);
  return found.kind === 'carried' || (found.kind === 'reported' && !found.quiet.includes(value));
}

/** Port 25, or what postscreen hands its clients to. */
function isForStrangers(name: string, type: string): boolean {
  return type === 'pass' || (type === 'inet' && /^(?:.*:)?(?:smtp|25)$/.test(name));
}
