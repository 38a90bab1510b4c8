/** A policy from the lines of its lists, as `src/policy/sets/` compares it; what does not parse fails the test. */
import assert from 'node:assert/strict';
import { type ListKind, parseList } from '../src/policy/entries/list';
import { parseHostList, parseHostListRegex } from '../src/policy/entries/local-domains';
import { parseRelayMap } from '../src/policy/entries/relay-map';
import type { Finding } from '../src/policy/findings/finding';
import { describeFinding } from '../src/policy/findings/finding-text';
import type { PolicyContent } from '../src/policy/sets/policy-lists';

export interface ListLines {
  readonly localip?: readonly string[];
  readonly localdomain?: readonly string[];
  readonly 'relay.to'?: readonly string[];
  readonly 'relay.map'?: readonly string[];
  readonly 'host.deny'?: readonly string[];
  readonly host_list?: readonly string[];
}

function parsed<T>({ data, findings }: { readonly data?: T; readonly findings: readonly Finding[] }): T {
  assert.ok(data, findings.map(describeFinding).join('\n'));
  return data;
}

export function contentOf(lines: ListLines): PolicyContent {
  const text = (name: keyof ListLines) => (lines[name] ?? []).join('\n');
  const list = (kind: ListKind, file: keyof ListLines) => parsed(parseList(kind, file, text(file)));
  return {
    lists: {
      local_ip: list('local_ip', 'localip'),
      local_domain: list('local_domain', 'localdomain'),
      relay_to: list('relay_to', 'relay.to'),
      hosts: list('hosts', 'host.deny'),
      relay_map: parsed(parseRelayMap('relay.map', text('relay.map'))),
      host_list: parsed(parseHostList('host_list', text('host_list'))),
      host_list_regex: parsed(parseHostListRegex('host_list_regex', '')),
    },
    restriction: true,
    localDelivery: true,
    acceptsLocal: true,
  };
}
