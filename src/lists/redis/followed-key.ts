/** One list that a key of Redis holds: its last good content, and until when that counts. */
import type { RedisKey } from '../../policy/settings/list-source';
import type { ListSetting } from '../list-settings';
import { initialState, type ListEvent, type ListRule, type ListState, transition, type Version } from '../list-state';
import { wrongType } from '../load';
import { emptyList, type ListContent, type Parsed } from '../parsing/parse-bytes';
import { parseContent } from '../parsing/parse-worker-client';
import { logReport, type StoreLog } from '../store-log';
import { type Ask, type KeyContent, readKey } from './redis-key';

export class FollowedKey {
  /** `changed`: it has to be read. `current`: what was read last is so still, as far as the server has told. */
  state: 'changed' | 'reading' | 'current' = 'changed';
  /** Milliseconds that the last read took, parsing included. */
  took = 0;
  /** Until when it is not read again. */
  restUntil = 0;
  /** Whether it has been read since it was named, whatever came of it. */
  wasRead = false;
  private readonly rule: ListRule<ListContent>;
  private list: ListState<ListContent>;
  /** Reads begun so far: what an older one than the last finds counts no more. */
  private reads = 0;

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
  }

  /** The last content that could be applied. */
  get content(): Version<ListContent> | undefined {
    return this.list.version;
  }

  /** Until when the content, or the wait for it, counts; in the past where there is neither. */
  countsUntil(maxAge: number): number {
    return this.content ? this.list.confirmedAt + maxAge : this.awaitedUntil;
  }

  /** What was read last was so still at this time. */
  confirm(at: number): void {
    this.apply({ type: 'confirmed', at });
  }

  /** What is being read counts no more: it is asked for by a way that has become another. */
  abandonRead(): void {
    this.reads++;
  }

  /**
   * Reads the key and applies its content. Rejects where it cannot be read; the log says what is rejected. `false`
   * where another read has begun meanwhile: whatever became of this one, it changes nothing.
   */
  async read(ask: Ask): Promise<boolean> {
    const mine = ++this.reads;
    this.state = 'reading';
    const startedAt = performance.now();
    try {
      const found = await readKey(ask, this.redis.key, this.listSetting.name === 'relay_map');
      const parsed = await this.parse(found);
      // The last wait is over: from here on no other read can come between.
      if (mine !== this.reads) return false;
      this.apply(this.eventOf(found, parsed));
    } catch (error) {
      if (mine !== this.reads) return false;
      this.state = 'changed';
      throw error;
    }
    this.wasRead = true;
    this.took = performance.now() - startedAt;
    this.confirm(startedAt);
    // Unless a notice has come meanwhile.
    if ((this.state as string) === 'reading') this.state = 'current';
    return true;
  }

  /** Says why it cannot be read, once for each reason. */
  tellFailure(reason: string): void {
    this.apply({ type: 'failed', reason });
  }

  private async parse(found: KeyContent): Promise<Parsed | undefined> {
    if (found.state !== 'read') return undefined;
    const { unordered } = found;
    const known = this.content?.hash;
    return parseContent(found.bytes, { name: this.listSetting.name, file: this.redis.name, unordered, known });
  }

  /** To Redis a key that was deleted, one that was flushed, and a set whose last member went are all the same. */
  private eventOf(found: KeyContent, parsed: Parsed | undefined): ListEvent<ListContent> {
    if (found.state === 'wrong-type') {
      return { type: 'faulty', fingerprint: found.type, finding: wrongType(this.redis, found.type) };
    }
    return parsed ? { ...parsed, type: 'read', fingerprint: parsed.hash } : { type: 'gone', fingerprint: 'missing' };
  }

  private apply(event: ListEvent<ListContent>): void {
    const { state, report } = transition(this.rule, this.list, event);
    this.list = state;
    const { name, key } = this.redis;
    const remedy = `to refuse nobody, SADD ${key} '#'`;
    const kept = `${name} is missing: its last content stays in force, so that nothing it refuses gets in; ${remedy}`;
    const unknown = `${name} is missing: what it refuses cannot be told; ${remedy}`;
    if (report) logReport(this.log, name, report, { kept, unknown });
  }
}
