/**
 * The life cycle of what one source holds: a list in a file or in a key of Redis, the settings, `redis.ini`. Whether a
 * reload happens is decided here and nowhere else. Pure: what was seen and read comes in as events, with the time.
 */
import { type Finding, fault } from '../core';

/** One content in force. */
export interface Version<T> {
  /** The name of the file or key. */
  readonly file: string;
  readonly value: T;
  /** SHA-256 of the content, or a word for no content: `missing`, `unnamed`, `unavailable`. */
  readonly hash: string;
  /** What the source looked like then, where the source is a file. */
  readonly stamp: string;
}

export interface ListState<T> {
  /** `kept`: the source is gone or faulty, or another than that of the version. `unavailable`: no version is known. */
  readonly status: 'loaded' | 'kept' | 'empty' | 'unavailable';
  /** In force; absent where the list is unavailable. */
  readonly version?: Version<T> | undefined;
  /** What was rejected last: it is reported once, and not read again. */
  readonly rejected?: string | undefined;
  /** What a file has become, while that is not stable yet. */
  readonly change?: Change | undefined;
  /** When the source was last known to hold the version still. */
  readonly confirmedAt: number;
}

interface Change {
  /** When the first change was seen. */
  readonly from: number;
  readonly stamp: string;
  /** Since when the stamp has been that. */
  readonly since: number;
}

/** What the states mean for one source. */
export interface ListRule<T> {
  readonly file: string;
  /** Whether the operator's own settings name the source, so that it must be there. */
  readonly isNamed: boolean;
  /**
   * What a deletion means. Revoking by deleting must work, so allow lists become empty; losing a deny list must not open a
   * door, so it is kept.
   */
  readonly whenDeleted: 'empty' | 'keep';
  /** What a source lists that is not there. */
  readonly emptyValue: () => T;
}

export type ListEvent<T> =
  /** A file looks like this. */
  | { readonly type: 'seen'; readonly stamp: string; readonly at: number; readonly settle: number }
  | { readonly type: 'read'; readonly version: Version<T>; readonly findings?: readonly Finding[] }
  | {
      readonly type: 'faulty';
      readonly stamp: string;
      readonly findings: readonly Finding[];
      readonly unreported?: number;
    }
  | { readonly type: 'unreadable'; readonly stamp: string; readonly reason: string }
  | { readonly type: 'gone'; readonly stamp: string }
  /** The source did not answer. */
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'confirmed'; readonly at: number };

/** What the log has to say of a transition. */
export type ListReport =
  | { readonly type: 'applied'; readonly findings: readonly Finding[] }
  | { readonly type: 'rejected'; readonly findings: readonly Finding[]; readonly unreported: number }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'kept' | 'emptied' | 'unknown' };

export interface Transition<T> {
  readonly state: ListState<T>;
  readonly report?: ListReport;
  /** `read`: the file is stable. `read-held`: files have replaced each other for too long, so the present one is read. */
  readonly next?: 'read' | 'read-held';
}

/** So many times `settle` may one file replace the other before one that is not stable at its path is read. */
const maxUnstableFactor = 10;

/** `version`: what is in force, be it of this source or of the one that was named before. */
export function initialState<T>({ file }: Pick<ListRule<T>, 'file'>, version?: Version<T>): ListState<T> {
  const state = { ...settled(version), confirmedAt: Number.NEGATIVE_INFINITY };
  return version && version.file !== file ? { ...state, status: 'kept' } : state;
}

export function transition<T>(rule: ListRule<T>, state: ListState<T>, event: ListEvent<T>): Transition<T> {
  switch (event.type) {
    case 'seen':
      return seen(rule, state, event);
    case 'read':
      return read(rule, state, event);
    case 'faulty': {
      const { stamp, findings, unreported = 0 } = event;
      return reject(state, stamp, { type: 'rejected', findings, unreported });
    }
    case 'unreadable':
      return rejectFor(state, event.stamp, unreadable(rule.file, event.reason));
    case 'gone':
      return gone(rule, state, event.stamp);
    case 'failed':
      return reject(state, `failed: ${event.reason}`, { type: 'failed', reason: event.reason });
    case 'confirmed':
      return { state: { ...state, confirmedAt: Math.max(state.confirmedAt, event.at) } };
  }
}

/** The version that is of this source, and not of the one that was named before. */
export function ownVersion<T>(rule: ListRule<T>, { version }: ListState<T>): Version<T> | undefined {
  return version?.file === rule.file ? version : undefined;
}

function seen<T>(
  rule: ListRule<T>,
  state: ListState<T>,
  { stamp, at, settle }: ListEvent<T> & { type: 'seen' },
): Transition<T> {
  const own = ownVersion(rule, state);
  if (stamp === own?.stamp) return { state: { ...state, ...settled(own) } };
  if (stamp === state.rejected) return { state: { ...state, change: undefined } };
  const before = state.change;
  const change = { from: before?.from ?? at, stamp, since: before?.stamp === stamp ? before.since : at };
  const changed = { ...state, change };
  if (at - change.since >= settle) return { state: changed, next: 'read' };
  if (at - change.from >= maxUnstableFactor * settle) return { state: changed, next: 'read-held' };
  return { state: changed };
}

function read<T>(
  rule: ListRule<T>,
  state: ListState<T>,
  { version, findings = [] }: ListEvent<T> & { type: 'read' },
): Transition<T> {
  const own = ownVersion(rule, state);
  // The same content has been looked at before; only its file may be another.
  if (own?.hash === version.hash) return { state: { ...state, ...settled({ ...own, stamp: version.stamp }) } };
  return { state: { ...state, ...settled(version) }, report: { type: 'applied', findings } };
}

function gone<T>(rule: ListRule<T>, state: ListState<T>, stamp: string): Transition<T> {
  const { version } = state;
  const own = ownVersion(rule, state);
  if (!own && rule.isNamed) return rejectFor(state, stamp, missing(rule.file));
  if (rule.whenDeleted === 'keep' && (!version || hasContent(version))) {
    return reject(state, stamp, { type: version ? 'kept' : 'unknown' });
  }
  const { file } = rule;
  const empty = { file, value: rule.emptyValue(), hash: 'missing', stamp };
  if (own?.hash === 'missing') return { state: { ...state, ...settled({ ...own, stamp }) } };
  return { state: { ...state, ...settled(empty) }, report: { type: 'emptied' } };
}

function rejectFor<T>(state: ListState<T>, stamp: string, finding: Finding): Transition<T> {
  return reject(state, stamp, { type: 'rejected', findings: [finding], unreported: 0 });
}

/** What was in force stays so. */
function reject<T>(state: ListState<T>, rejected: string, report: ListReport): Transition<T> {
  const status = state.status === 'loaded' ? 'kept' : state.status;
  const next = { ...state, status, rejected, change: undefined } satisfies ListState<T>;
  return state.rejected === rejected ? { state: next } : { state: next, report };
}

/** Nothing is left to be seen or said. */
function settled<T>(version: Version<T> | undefined) {
  const status = !version ? 'unavailable' : hasContent(version) ? 'loaded' : 'empty';
  return { status, version, rejected: undefined, change: undefined } as const;
}

function hasContent({ hash }: Version<unknown>): boolean {
  return hash !== 'missing' && hash !== 'unnamed';
}

export function missing(file: string): Finding {
  return fault('file-missing', { file, line: 1 }, file);
}

export function unreadable(file: string, reason: string): Finding {
  return fault('file-unreadable', { file, line: 1 }, file, { detail: reason });
}
