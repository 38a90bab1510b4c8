/** That no parser loses an entry which some other program shows on a line of its own. */

import assert from 'node:assert/strict';
import { parseAddress } from '../src/policy/entries/ip-address';
import { type ListKind, listKinds, PolicyList, parseList } from '../src/policy/entries/list';
import { parseRelayMap, RelayMap } from '../src/policy/entries/relay-map';
import { parseSettings } from '../src/policy/settings/settings';
import { now } from './core';

/** Whatever ends a line for an editor, a terminal or another language: Unicode's (UAX #14), and what Python splits at. */
export const lineEnds = ['\n', '\r\n', '\r', '\v', '\f', '\x1c', '\x1d', '\x1e', '\x85', '\u2028', '\u2029'] as const;

/** Throws where a list, the map or the settings are taken without the entry that stands between the two texts. */
export function checkNothingIsHidden(before: string, lineEnd: string, after: string): void {
  const between = (...lines: readonly string[]) => [before, ...lines, after].join(lineEnd);
  for (const kind of Object.keys(listKinds) as ListKind[]) {
    const { data } = parseList(kind, 'list', between(kind === 'local_domain' ? '!hidden.example' : '!203.0.113.66'));
    if (!data) continue;
    const list = new PolicyList(data);
    const address = parseAddress('203.0.113.66');
    const found =
      kind === 'local_domain' ? list.findDomain('hidden.example', now) : address && list.findAddress(address, now);
    assert.ok(found?.excluded, `${kind} is taken without an exclusion`);
  }
  const { data: map } = parseRelayMap('relay.map', between('To:hidden.example REJECT'));
  if (map) {
    const found = new RelayMap(map).findRecipient({ localPart: 'user', domain: 'hidden.example' }, now);
    assert.equal(found?.value.action, 'reply', 'the map is taken without a refusal');
  }
  const { settings } = parseSettings('smtpcheck.ini', between('[deny]', 'mode=observe'));
  if (settings) assert.equal(settings.deny.mode, 'observe', 'the settings are taken without one of them');
}
