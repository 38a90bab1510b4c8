/** The JSON of the status server. Its fields are described in docs/guides/monitoring.md and keep their meaning in version 1. */

import { listSettings } from '../../lists/list-settings';
import type { ListedEntry } from '../../lists/written-entries';
import { isTextOf, parseAddress } from '../../policy/entries/ip-address';
import { printable } from '../../policy/findings/characters';
import type { Decision, Decisions, History, MatchedEntry, Place, Status } from '../answers';
import { type EntryCount, mostPermitted } from '../event-record';
import { interval } from '../history';
import { suiteVersion } from '../package';
import { outcomes, rules } from '../rules';
import type { NumberedDecision } from '../totals';
import type { StatusView } from '../view';
import { described, oneOf, readQuery } from './query';

export const jsonVersion = 1;

/** More matched entries are not listed. */
const mostShown = 100;

export function statusPage(view: StatusView): Status {
  const { totals, policy, processes } = view;
  const [own] = processes;
  const entries = [...totals.entries].sort((a, b) => b.count - a.count || b.last - a.last);
  return {
    version: jsonVersion,
    suite: suiteVersion,
    node: process.version,
    time: isoTime(view.clock()),
    startedAt: isoTime(own?.startedAt ?? 0),
    generation: policy.generation,
    modes: policy.mode,
    decisions: totals.decisions,
    faults: Object.fromEntries(totals.faults),
    lists: view.lists.map(({ readTime, loadedAt, rejected, ...list }) => ({
      ...list,
      loadedAt: isoTime(loadedAt),
      readSeconds: readTime / 1000,
      rejected: rejected && { ...rejected, at: isoTime(rejected.at) },
    })),
    entries: {
      matched: entries.slice(0, mostShown).map(entryJson),
      notShown: Math.max(entries.length - mostShown, 0),
      matchesOfOthers: totals.unlisted,
    },
    reloads: Object.fromEntries(totals.reloads),
    dns: {
      lookups: Object.fromEntries(totals.lookups),
      rememberedNames: processes.reduce((sum, { rememberedNames }) => sum + rememberedNames, 0),
    },
    verify: verifyJson(view),
    recent: { limit: policy.settings.status.recent, permittedLimit: mostPermitted },
    processes: processes.map((one) => ({
      worker: one.worker,
      pid: one.pid,
      startedAt: isoTime(one.startedAt),
      lastReport: isoTime(one.lastReport),
      silent: view.isSilent(one),
      generation: one.generation,
      lists: Object.fromEntries(
        one.lists.map(({ list, source, state, generation, hash }) => [list, { source, state, generation, hash }]),
      ),
    })),
  };
}

function verifyJson({ source }: StatusView): Status['verify'] {
  const { cache, ...counts } = source.verifier.counts;
  const { size, oldest, acceptAll } = cache;
  return {
    ...counts,
    cache: { size, oldest: oldest === undefined ? null : isoTime(oldest) },
    acceptAll: acceptAll.map(printable),
  };
}

function entryJson({ count, last, ...entry }: EntryCount): MatchedEntry {
  return { ...placeJson(entry), matches: count, lastMatch: isoTime(last) };
}

function placeJson({ list, file, line, text, comment }: ListedEntry): Place {
  return { list, file, line, text: shownText(text), comment: shownText(comment) };
}

export function shownText(written: string | undefined): string | null {
  return written === undefined ? null : printable(written);
}

/** Decisions by outcome in the last hour. */
export function historyPage(view: StatusView): History {
  const now = view.clock();
  const { from, series } = view.history.until(now);
  return { version: jsonVersion, time: isoTime(now), from: isoTime(from), seconds: interval / 1000, ...series };
}

const everyRule = [...new Set(Object.values(rules).flatMap((byOutcome) => Object.values(byOutcome).flat()))].sort();
const aMailbox = 'an address or its domain';
const isMailbox = (value: string) => value !== '' && value.length <= 320;

const decisionFilters = {
  ip: described('an IP address', (value) => parseAddress(value) !== undefined),
  rcpt: described(aMailbox, isMailbox),
  from: described(aMailbox, isMailbox),
  rule: oneOf(everyRule),
  outcome: oneOf(outcomes),
  list: oneOf(listSettings.map(({ name }) => name)),
  after: { ...described('the number of a decision', (value) => /^[0-9]{1,15}$/.test(value)), single: true },
} as const;

/** The recent decisions, the newest first: the refused and deferred ones, unless `outcome` asks for others. */
export function decisionsPage(view: StatusView, query: URLSearchParams): Decisions {
  const { ip, rcpt, from, rule, outcome, list, after } = readQuery(query, decisionFilters);
  const among = (wanted: readonly string[], value: string | undefined) =>
    wanted.length === 0 || (value !== undefined && wanted.includes(value));
  const asked = outcome.length > 0 ? outcome : ['refuse', 'defer'];
  const { totals } = view;
  const matching = totals.recent.filter(
    (decision) =>
      decision.number > Number(after[0] ?? 0) &&
      asked.includes(decision.outcome) &&
      among(rule, decision.rule) &&
      among(list, decision.entry?.list) &&
      (ip.length === 0 || ip.some((address) => isSameAddress(address, decision.ip))) &&
      (rcpt.length === 0 || rcpt.some((mailbox) => isOf(mailbox, decision.rcpt))) &&
      (from.length === 0 || from.some((mailbox) => isOf(mailbox, decision.from))),
  );
  return {
    version: jsonVersion,
    startedAt: isoTime(view.processes[0]?.startedAt ?? 0),
    last: totals.lastNumber,
    decisions: matching.reverse().map(decisionJson),
  };
}

function decisionJson({ entry, time, ...decision }: NumberedDecision): Decision {
  return { ...decision, time: isoTime(time), entry: entry ? placeJson(entry) : null };
}

function isSameAddress(wanted: string, ip: string): boolean {
  const address = parseAddress(wanted);
  return address !== undefined && isTextOf(address, ip);
}

/** `wanted` is the mailbox, with or without brackets, or its domain. */
function isOf(wanted: string, path: string): boolean {
  const [mailbox, asked] = [path, wanted].map((text) => text.replace(/^<(.*)>$/, '$1').toLowerCase()) as [
    string,
    string,
  ];
  return mailbox === asked || mailbox.slice(mailbox.lastIndexOf('@') + 1) === asked.replace(/^@/, '');
}

export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
