/** An imported policy at work: the suite's own decisions over what an import has written. */
import assert from 'node:assert/strict';
import type { RenderedFile } from '../../../src/cli/import/output/render';
import { type ListName, lists } from '../../../src/cli/import/site-policy';
import { type ClientNames, noNames } from '../../../src/policy/client-names';
import { decideDeny } from '../../../src/policy/deny-decision';
import { parseAddress } from '../../../src/policy/entries/ip-address';
import { PolicyList, parseList } from '../../../src/policy/entries/list';
import { parseRelayMap, RelayMap } from '../../../src/policy/entries/relay-map';
import { decideRelay } from '../../../src/policy/relay-decision';
import { localDomainsOf, now } from '../../../testkit/core';

export interface Client {
  readonly ip: string;
  /** Its forward-confirmed name. */
  readonly name?: string | undefined;
}

export type Verdict = 'refused' | 'relayed' | 'not relayed';

/** Who may relay where, as the files say. */
export class ImportedPolicy {
  private readonly lists: Readonly<Record<ListName, PolicyList>>;
  private readonly map: RelayMap;

  constructor(files: ReadonlyMap<string, string>) {
    const list = (name: ListName) => listOf(name, files.get(name) ?? '');
    this.lists = {
      localip: list('localip'),
      localdomain: list('localdomain'),
      'relay.to': list('relay.to'),
      'host.deny': list('host.deny'),
    };
    const { data, findings } = parseRelayMap('relay.map', files.get('relay.map') ?? '');
    assert.ok(data, JSON.stringify(findings));
    this.map = new RelayMap(data);
  }

  static of(rendered: readonly RenderedFile[]): ImportedPolicy {
    return new ImportedPolicy(new Map(rendered.map(({ name, text }) => [name, text])));
  }

  decide(client: Client, localPart: string, domain: string): Verdict {
    const clientAddress = parseAddress(client.ip);
    const clientNames: ClientNames = client.name
      ? { state: 'known', claimed: [client.name], confirmed: [client.name], unresolved: [] }
      : noNames;
    const denied = decideDeny(
      { clients: this.lists['host.deny'], onDnsFailure: 'defer' },
      { clientAddress, clientNames, time: now },
    );
    if (denied.outcome === 'refuse') return 'refused';
    const decision = decideRelay(
      {
        restriction: true,
        clientNetworks: this.lists.localip,
        clientDomains: this.lists.localdomain,
        attributes: 'enforce',
        destinations: this.lists['relay.to'],
        map: this.map,
        localDomains: localDomainsOf(),
        localDelivery: true,
      },
      {
        clientAddress,
        clientNames,
        time: now,
        recipient: { localPart, domain },
        recipientIsHere: false,
        vouched: false,
      },
    );
    return decision.outcome === 'permit' && decision.disposition === 'relay' ? 'relayed' : 'not relayed';
  }
}

// Random sites leave most lists empty, and building a table takes its time.
const known = new Map<string, PolicyList>();

function listOf(name: ListName, text: string): PolicyList {
  const entries = text.replace(/^#.*\n|\s+#.*$/gm, '').trim();
  const key = `${name}\n${entries}`;
  const before = known.get(key);
  if (before) return before;
  const { data, findings } = parseList(lists[name].kind, name, text);
  assert.ok(data, JSON.stringify(findings));
  const list = new PolicyList(data);
  known.set(key, list);
  return list;
}
