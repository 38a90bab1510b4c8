/** Verdicts of an audit against what a peer's configuration should draw, and nothing beyond. */
import assert from 'node:assert/strict';
import { certificateFile } from '../../../testkit/fakes/listener';
import { type Audited, auditOf, shownResults } from '../../cli/audit/audit-of';
import { type Peer, strangerAddress } from './peer';

export interface Expected {
  readonly unsafe?: readonly string[];
  readonly report?: readonly string[];
  readonly unknown?: readonly string[];
}

/** Every check that asks for a right to relay. */
export const relaying = [
  'relay-plain',
  'relay-senders',
  'relay-routes',
  'relay-source-routes',
  'relay-literals',
  'relay-lookalikes',
  'relay-parameters',
  'order-trick',
];

/** From an address that no server takes for its own. */
export async function auditPeer(
  peer: Peer,
  protocol: 'smtp' | 'pop3',
  wishes: Parameters<typeof auditOf>[0],
): Promise<Audited> {
  const at = `127.0.0.1:${peer.port}`;
  return await auditOf({
    ...(protocol === 'smtp' ? { host: at } : { pop3: [at] }),
    from: [strangerAddress],
    name: 'mx.example.org',
    ca: [certificateFile],
    timeout: 15_000,
    ...wishes,
  });
}

export function assertReport(
  peer: Peer,
  { ids, results }: Audited,
  { unsafe = [], report = [], unknown = [] }: Expected,
): void {
  const shown = (verdict: 'unsafe' | 'report' | 'unknown'): string =>
    `${shownResults(results, [verdict])}\n${peer.log()}`;
  assert.deepEqual([...ids.unsafe].sort(), [...unsafe].sort(), shown('unsafe'));
  assert.deepEqual([...ids.unknown].sort(), [...unknown].sort(), shown('unknown'));
  const reported = ids.report.filter((id) => !ids.unsafe.includes(id));
  assert.deepEqual(reported.sort(), [...report].sort(), shown('report'));
}
