/** What the master, or the single process, knows: the totals, its own state and that of the workers. */

import type { LimitCounts } from '../limits/limit-counts';
import type { Numbering } from '../lists/generations';
import type { ListStatus } from '../lists/list-status';
import type { Policy, PolicyParts } from '../lists/policy';
import type { RecipientVerifier } from '../verify/verifier';
import type { EventRecord } from './event-record';
import { reportVersion } from './event-record';
import { History } from './history';
import { type ListReport, type Report, reportOfList } from './report';
import { Totals } from './totals';

/** What a process has to tell; the suite in a server. */
export interface StatusSource {
  readonly events: EventRecord;
  readonly policy: Policy;
  readonly limits: LimitCounts;
  readonly verifier: RecipientVerifier;
  readonly rememberedNames: number;
  readonly inForce?: PolicyParts | undefined;
  /** The plugins that Haraka has loaded. */
  readonly plugins?: readonly string[] | undefined;
  lists(): readonly ListStatus[];
  readonly numbering?: Numbering | undefined;
  /** Takes over the numbers of the master. */
  adopt?(numbering: Numbering): void;
}

export interface ProcessView extends Omit<Report, 'events' | 'version'> {
  /** The number that Haraka has given the worker; 0 for the master or the single process. */
  readonly worker: number;
  /** When its last report came in. */
  readonly lastReport: number;
}

/** A worker that has been silent for so long is busy with something else than mail, or stopped. Milliseconds. */
const silentAfter = 5000;

const startedAt = Date.now();

/** What the process tells, counted from zero again. */
export function collectReport(source: StatusSource): Report {
  source.events.recentLimit = source.policy.settings.status.recent;
  return {
    version: reportVersion,
    pid: process.pid,
    startedAt,
    generation: source.policy.generation,
    rememberedNames: source.rememberedNames,
    lists: source.lists().map(reportOfList),
    events: source.events.collect(),
  };
}

export class StatusView {
  readonly totals = new Totals();
  readonly history = new History();
  private own: ProcessView | undefined;
  private readonly workers = new Map<number, ProcessView>();

  constructor(
    readonly source: StatusSource,
    readonly clock: () => number = Date.now,
  ) {}

  get policy(): Policy {
    return this.source.policy;
  }

  get limits(): LimitCounts {
    return this.source.limits;
  }

  /** Adds what this process has counted, so that figures are of now. */
  collect(): void {
    this.own = this.add(0, collectReport(this.source));
  }

  /** Adds the report of a worker. */
  merge(worker: number, report: Report): void {
    this.workers.set(worker, this.add(worker, report));
  }

  /** A worker has gone; what it has reported stays. */
  forget(worker: number): void {
    this.workers.delete(worker);
  }

  private add(worker: number, { events, version: _, ...state }: Report): ProcessView {
    const lastReport = this.clock();
    this.totals.add(events, this.policy.settings.status.recent);
    this.history.add(events.decisions, lastReport);
    return { worker, ...state, lastReport };
  }

  /** The master first, or the single process alone. */
  get processes(): readonly ProcessView[] {
    return [...(this.own ? [this.own] : []), ...[...this.workers.values()].sort((a, b) => a.worker - b.worker)];
  }

  isSilent({ lastReport }: ProcessView): boolean {
    return this.clock() - lastReport > silentAfter;
  }

  /** As they are in force here; what one of the workers rejects counts as rejected. */
  get lists(): readonly ListReport[] {
    const workers = [...this.workers.values()];
    return (this.own?.lists ?? []).map((list) => {
      const others = workers.flatMap(({ lists }) => lists.filter((other) => other.list === list.list));
      const rejected = list.rejected ?? others.find((other) => other.rejected)?.rejected ?? null;
      return { ...list, rejected };
    });
  }
}
