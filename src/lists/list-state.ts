/**
 * The life cycle of what one source holds: a list in a file or in a key of Redis, the settings, `redis.ini`. Whether a
 * reload happens is decided here and nowhere else. Pure: what was seen and read comes in as events, with the time.
 */
import { type Finding, fault } from '../policy/findings/finding';

/** One content in force. */
export interface Version<T> {
  /** The name of the file or key. */
  readonly file: string;
  readonly value: T;
  /** SHA-256 of the content, or a word for no content: `missing`, `unnamed`, `unavailable`. */
  readonly hash: string;
  /** What the source looked like then, where the source is a file. */
  readonly fingerprint: string;
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
  readonly fingerprint: string;
  /** Since when the fingerprint has been that. */
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
  | { readonly type: 'seen'; readonly fingerprint: string; readonly at: number; readonly settle: number }
  /** The content was parsed; without `data` it has faults, or is the known one. `omitted`: how many findings there are besides. */
  | {
      readonly type: 'read';
      readonly fingerprint: string;
      readonly hash: string;
      readonly data?: T | undefined;
      readonly findings: readonly Finding[];
      readonly omitted: number;
    }
  /** The source holds something of which no list can be made. */
  | { readonly type: 'faulty'; readonly fingerprint: string; readonly finding: Finding }
  | { readonly type: 'unreadable'; readonly fingerprint: string; readonly reason: string }
  | { readonly type: 'gone'; readonly fingerprint: string }
  /** The source did not answer. */
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'confirmed'; readonly at: number };

/** What the log has to say of a transition. */
export type ListReport =
  | { readonly type: 'applied'; readonly findings: readonly Finding[] }
  | { readonly type: 'rejected'; readonly findings: readonly Finding[]; readonly omitted: number }
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
    case 'faulty':
      return rejectFor(state, event.fingerprint, event.finding);
    case 'unreadable':
      return rejectFor(state, event.fingerprint, unreadable(rule.file, event.reason));
    case 'gone':
      return gone(rule, state, event.fingerprint);
    case 'failed':
      return reject(state, `failed: ${event.reason}`, { type: 'failed', reason: event.reason });
    case 'confirmed':
      return { state: { ...state, confirmedAt: Math.max(state.confirmedAt, event.at) } };
  }
}

/** What is known of a key at the moment. */
export interface KeyStatus<T> {
  /** The last content that could be applied. */
  readonly version: Version<T> | undefined;
  /** Until when the version counts, or the wait for the first one. */
  readonly countsUntil: number;
}

/**
 * What is in force of a list; nothing where it is unavailable. A key whose content was not confirmed in time has expired, and
 * `file`, what its file holds, stands in for it. `before` stays in force while nothing has been read.
 */
export function versionInForce<T>(
  { key, file, before }: { key?: KeyStatus<T> | undefined; file?: Version<T> | undefined; before: Version<T> },
  now: number,
): Version<T> | undefined {
  if (!key) return file ?? before;
  if (isExpired(key, now)) return file;
  return key.version ?? before;
}

export function isExpired({ countsUntil }: KeyStatus<unknown>, now: number): boolean {
  return countsUntil <= now;
}

/** The version that is of this source, and not of the one that was named before. */
export function ownVersion<T>(rule: ListRule<T>, { version }: ListState<T>): Version<T> | undefined {
  return version?.file === rule.file ? version : undefined;
}

function seen<T>(
  rule: ListRule<T>,
  state: ListState<T>,
  { fingerprint, at, settle }: ListEvent<T> & { type: 'seen' },
): Transition<T> {
  const own = ownVersion(rule, state);
  if (fingerprint === own?.fingerprint) return { state: { ...state, ...settled(own) } };
  if (fingerprint === state.rejected) return { state: { ...state, change: undefined } };
  const before = state.change;
  const change = {
    from: before?.from ?? at,
    fingerprint,
    since: before?.fingerprint === fingerprint ? before.since : at,
  };
  const changed = { ...state, change };
  if (at - change.since >= settle) return { state: changed, next: 'read' };
  if (at - change.from >= maxUnstableFactor * settle) return { state: changed, next: 'read-held' };
  return { state: changed };
}

function read<T>(
  rule: ListRule<T>,
  state: ListState<T>,
  { fingerprint, hash, data, findings, omitted }: ListEvent<T> & { type: 'read' },
): Transition<T> {
  const { file } = rule;
  const own = ownVersion(rule, state);
  // The same content has been looked at before; only its file may be another.
  if (own?.hash === hash) return { state: { ...state, ...settled({ ...own, fingerprint }) } };
  if (data === undefined) return reject(state, fingerprint, { type: 'rejected', findings, omitted });
  const version = { file, value: data, hash, fingerprint };
  return { state: { ...state, ...settled(version) }, report: { type: 'applied', findings } };
}

function gone<T>(rule: ListRule<T>, state: ListState<T>, fingerprint: string): Transition<T> {
  const { version } = state;
  const own = ownVersion(rule, state);
  if (!own && rule.isNamed) return rejectFor(state, fingerprint, missing(rule.file));
  if (rule.whenDeleted === 'keep' && (!version || hasContent(version))) {
    return reject(state, fingerprint, { type: version ? 'kept' : 'unknown' });
  }
  const { file } = rule;
  const empty = { file, value: rule.emptyValue(), hash: 'missing', fingerprint };
  if (own?.hash === 'missing') return { state: { ...state, ...settled({ ...own, fingerprint }) } };
  return { state: { ...state, ...settled(empty) }, report: { type: 'emptied' } };
}

function rejectFor<T>(state: ListState<T>, fingerprint: string, finding: Finding): Transition<T> {
  return reject(state, fingerprint, { type: 'rejected', findings: [finding], omitted: 0 });
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
