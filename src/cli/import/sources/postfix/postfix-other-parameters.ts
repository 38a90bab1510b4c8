/** Parameters that no list is made from: each that is about who may send has its remark where it is set. */
import type { Collector } from '../../collector';
import { suggestionsFor } from './postfix-checks';
import { itemOf, type PostfixConfig } from './postfix-config';
import { classOf } from './postfix-parameters';
import { elementsOf, expand, type Parameter, wordsOf } from './postfix-values';

/** Whatever else is set, and is about who may send. */
export function addOtherParameters(out: Collector, config: PostfixConfig): void {
  const named = namedElsewhere(config);
  for (const parameter of config.main.parameters.values()) {
    const { name, value } = parameter;
    const found = classOf(name);
    if (found.kind === 'unknown' && !named.has(name)) out.remark('postfix-unknown', itemOf(parameter));
    if (found.kind !== 'reported' || found.quiet.includes(value) || isDefault(config, value, found.quiet[0])) continue;
    suggest(out, config, parameter);
    // These have been looked at beside the parameters that they change.
    if (found.code === 'postfix-relay-default' || found.code === 'postfix-mynetworks-unset') continue;
    if (found.code === 'postfix-relay-transport' && config.relayRoute()) continue;
    const code = transports.has(name) && config.undeliverable(name) ? undeliverableCode(name) : found.code;
    out.remark(code, itemOf(parameter));
  }
}

const transports = new Set(['default_transport', 'local_transport', 'relay_transport', 'virtual_transport']);

function suggest(out: Collector, config: PostfixConfig, parameter: Parameter): void {
  for (const { text, line } of elementsOf(parameter)) {
    const expanded = expand(text, config.main, config.known);
    if (!('value' in expanded)) continue;
    for (const word of wordsOf(expanded.value)) {
      const item = { line, text: `${parameter.name} = ${word}` };
      for (const suggestion of suggestionsFor(parameter.name, word)) out.suggest(suggestion, item);
    }
  }
}

/** Names of restriction classes, and names that a value refers to. */
function namedElsewhere(config: PostfixConfig): ReadonlySet<string> {
  const values = [...config.main.parameters.values()].map(({ value }) => value);
  const references = values.flatMap((value) => [...value.matchAll(/\$[{(]?\s*([A-Za-z0-9_]+)/g)]);
  const classes = wordsOf(config.valueOf('smtpd_restriction_classes') ?? '');
  return new Set([...references.map(([, name = '']) => name), ...classes]);
}

function isDefault(config: PostfixConfig, value: string, usual = ''): boolean {
  const ours = expand(value, config.main, config.known);
  const theirs = expand(usual, config.main, config.known);
  if (!('value' in ours) || !('value' in theirs)) return false;
  return wordsOf(ours.value).join(' ') === wordsOf(theirs.value).join(' ');
}

function undeliverableCode(name: string) {
  return name === 'default_transport' ? 'postfix-nowhere' : 'postfix-undeliverable';
}
