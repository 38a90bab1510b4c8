/** The last page of a run: what was told under each fault and to each class, and what must not have been. */
import { classNames, type Outcome } from './expectations';
import { type Ledger, type Offence, offences, type Settlement } from './ledger';
import { type Row, tableOf } from './table';

export function faultTable(ledger: Ledger, names: readonly string[], skipped: ReadonlyMap<string, string>): string {
  const rows = names.map((name): Row => {
    const { sessions, messages, recipients } = ledger.tallyOf(name);
    const found = ledger.findings.filter(({ fault }) => fault === name).length;
    const reason = skipped.get(name);
    const verdict = reason === undefined ? (found === 0 ? 'ok' : `${found} findings`) : `skipped: ${reason}`;
    return [name, sessions, recipients.accepted, recipients.refused, recipients.deferred, messages, verdict];
  });
  return tableOf(['fault', 'sessions', 'accepted', 'refused', 'deferred', 'messages', 'verdict'], rows);
}

export function classTable({ told }: Ledger): string {
  const rows = classNames.map((name): Row => [name, told[name].accepted, told[name].refused, told[name].deferred]);
  return tableOf(['class', 'accepted', 'refused', 'deferred'], rows);
}

/** Everything is counted where it happens: what is queued in the queues, each offence when it is found. */
export function closing(ledger: Ledger, { accepted, queued, unheard, inPart, again }: Settlement): string {
  const sessions = [...ledger.tallies.values()].reduce((sum, tally) => sum + tally.sessions, 0);
  const recipients = (outcome: Outcome) => classNames.reduce((sum, name) => sum + ledger.told[name][outcome], 0);
  const counts = (Object.keys(offences) as Offence[]).map((offence) => {
    const count = ledger.findings.filter((finding) => finding.offence === offence).length;
    return `${offences[offence]} ${count}`;
  });
  return [
    `sessions ${sessions}`,
    `recipients accepted ${recipients('accepted')}, refused ${recipients('refused')}, deferred ${recipients('deferred')}`,
    `messages accepted ${accepted}, sent again ${again}`,
    `messages queued ${queued}, of these ${unheard} whose clients had gone before they were told, ${inPart} in part before they were deferred`,
    ...counts,
  ].join('\n');
}
