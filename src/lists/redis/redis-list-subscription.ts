/** One list that a key of Redis holds: its last good content, and until when that counts. */
import type { RedisKey } from '../../policy/settings/list-source';
import type { ListSetting } from '../list-settings';
import { initialState, type ListEvent, type ListRule, type ListState, transition, type Version } from '../list-state';
import { wrongType } from '../load';
import { emptyList, type ListContent } from '../parsing/parse-bytes';
import { parseContent } from '../parsing/parse-worker-client';
import { logReport, logRestored, type Rejection, rejectionAfter, type StoreLog } from '../store-log';
import { type Ask, readKey } from './key-reader';

export class RedisListSubscription {
  /** When the key is to be read next; infinite while the server would send a notice of a change. */
  dueAt = 0;
  /** Until when it is not read again, whatever has changed. */
  cooldownUntil = 0;
  /** Milliseconds that the last read took, parsing included. */
  readTime = 0;
  /** Why what the key holds, or that it is gone, is not in force. */
  rejection: Rejection | undefined;
  /** Resolves once what was read first, whatever it is, is in force. */
  readonly firstRead: Promise<void>;
  resolveFirstRead: () => void = () => {};
  private readonly rule: ListRule<ListContent>;
  private list: ListState<ListContent>;

  /** `awaitedUntil`: how long a list that was in force before stays so while nothing has been read. */
  constructor(
    readonly listSetting: ListSetting,
    readonly redis: RedisKey,
    private readonly awaitedUntil: number,
    private readonly log: StoreLog,
  ) {
    this.rule = {
      file: redis.name,
      isNamed: false,
      whenDeleted: listSetting.whenDeleted === 'empty' ? 'empty' : 'keep',
      emptyValue: () => emptyList(listSetting.name, redis.name),
    };
    this.list = initialState(this.rule);
    this.firstRead = new Promise((resolve) => {
      this.resolveFirstRead = resolve;
    });
  }

  /** The last content that could be applied. */
  get content(): Version<ListContent> | undefined {
    return this.list.version;
  }

  /** Until when the content, or the wait for it, counts; in the past where there is neither. */
  countsUntil(maxAge: number): number {
    return this.content ? this.list.confirmedAt + maxAge : this.awaitedUntil;
  }

  /** The key was known at this time to hold what was read last. */
  confirm(at: number): void {
    this.apply({ type: 'confirmed', at });
  }

  /**
   * Reads the key and applies its content; what cannot be applied is logged. Rejects where the key cannot be read. Where
   * it `isWanted` no more in the end, nothing changes, and the result is `false`: another server is asked meanwhile.
   */
  async read(ask: Ask, isWanted: () => boolean): Promise<boolean> {
    const startedAt = performance.now();
    let event: ListEvent<ListContent>;
    try {
      event = await this.fetch(ask);
    } catch (error) {
      if (!isWanted()) return false;
      throw error;
    }
    if (!isWanted()) return false;
    this.apply(event);
    this.confirm(startedAt);
    this.readTime = performance.now() - startedAt;
    return true;
  }

  /** Logs why the key cannot be read, once for each reason. */
  logFailure(error: unknown): void {
    this.apply({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
  }

  private async fetch(ask: Ask): Promise<ListEvent<ListContent>> {
    const { name } = this.listSetting;
    const found = await readKey(ask, this.redis.key, name === 'relay_map');
    switch (found.state) {
      case 'missing':
        // To Redis a key that was deleted, one that was flushed, and a set whose last member was removed are all the same.
        return { type: 'gone', fingerprint: 'missing' };
      case 'wrong-type':
        return { type: 'faulty', fingerprint: found.type, finding: wrongType(this.redis, found.type) };
      case 'read': {
        const { bytes, unordered } = found;
        const task = { name, file: this.redis.name, unordered, known: this.content?.hash };
        const parsed = await parseContent(bytes, task);
        return { ...parsed, type: 'read', fingerprint: parsed.hash };
      }
    }
  }

  private apply(event: ListEvent<ListContent>): void {
    const entered = transition(this.rule, this.list, event);
    const { state, report } = entered;
    this.list = state;
    const { name, key } = this.redis;
    const remedy = `to refuse nobody, SADD ${key} '#'`;
    const kept = `${name} is missing: its last content stays in force, so that nothing it refuses gets in; ${remedy}`;
    const unknown = `${name} is missing: what it refuses cannot be told; ${remedy}`;
    const messages = { kept, unknown };
    if (report) logReport(this.log, name, report, messages);
    const wasRejected = this.rejection !== undefined;
    this.rejection = rejectionAfter(this.rejection, entered, messages);
    if (wasRejected && !this.rejection && !report) logRestored(this.log, name);
  }
}
