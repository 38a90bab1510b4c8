/** One list that a key of Redis holds: its last good content, and until when that counts. */
import type { RedisKey } from '../core';
import { type Version, wrongType } from './load';
import type { Parsed } from './parse-bytes';
import { parseContent } from './parse-worker-client';
import { type Ask, type KeyContent, readKey } from './redis-key';
import { emptySlot, type Slot, type SlotData } from './slots';
import { type StoreLog, tellFindings, tellNotTaken } from './store-log';

export class FollowedKey {
  /** The last content that could be taken. */
  content: Version<SlotData> | undefined;
  /** `changed`: it has to be read. `current`: what was read last is so still, as far as the server has told. */
  state: 'changed' | 'reading' | 'current' = 'changed';
  /** Milliseconds that the last read took, parsing included. */
  took = 0;
  /** Until when it is not read again. */
  restUntil = 0;
  /** Whether it has been read since it was named, whatever came of it. */
  wasRead = false;
  private confirmedAt = Number.NEGATIVE_INFINITY;
  /** Reads begun so far: what an older one than the last finds counts no more. */
  private reads = 0;
  /** What was last found and not taken, so that it is told of once. */
  private told: string | undefined;

  /** `awaitedUntil`: how long a list that was in force before stays so while nothing has been read. */
  constructor(
    readonly slot: Slot,
    readonly redis: RedisKey,
    private readonly awaitedUntil: number,
    private readonly log: StoreLog,
  ) {}

  /** Until when the content, or the wait for it, counts; in the past where there is neither. */
  countsUntil(maxAge: number): number {
    return this.content ? this.confirmedAt + maxAge : this.awaitedUntil;
  }

  /** What was read last was so still at this time. */
  confirm(at: number): void {
    this.confirmedAt = Math.max(this.confirmedAt, at);
  }

  /** What is being read counts no more: it is asked for by a way that has become another. */
  abandonRead(): void {
    this.reads++;
  }

  /**
   * Reads the key and takes what it holds. Rejects where it cannot be read; what cannot be taken is told of. `false`
   * where another read has begun meanwhile: whatever became of this one, it changes nothing.
   */
  async read(ask: Ask): Promise<boolean> {
    const mine = ++this.reads;
    this.state = 'reading';
    const startedAt = performance.now();
    try {
      const found = await readKey(ask, this.redis.key, this.slot.name === 'relay_map');
      const parsed = await this.parse(found);
      // The last wait is over: from here on no other read can come between.
      if (mine !== this.reads) return false;
      this.take(found, parsed);
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
    this.turnDown(`failed: ${reason}`, () => this.log.logerror(`${this.redis.name} cannot be read: ${reason}`));
  }

  private async parse(found: KeyContent): Promise<Parsed | undefined> {
    if (found.state !== 'read') return undefined;
    const { unordered } = found;
    const known = this.content?.hash;
    return parseContent(found.bytes, { name: this.slot.name, file: this.redis.name, unordered, known });
  }

  private take(found: KeyContent, parsed: Parsed | undefined): void {
    if (parsed) this.takeParsed(parsed);
    else if (found.state === 'wrong-type') {
      this.turnDown(found.type, () => tellNotTaken(this.log, [wrongType(this.redis, found.type)]));
    } else this.takeMissing();
  }

  private takeParsed({ data, findings, hash, unsaid }: Parsed): void {
    if (hash !== this.content?.hash) {
      if (!data) {
        this.turnDown(hash, () => tellNotTaken(this.log, findings, unsaid));
        return;
      }
      tellFindings(this.log, findings);
      this.content = { file: this.redis.name, path: '', value: data, hash, stamp: this.redis.key };
    }
    this.told = undefined;
  }

  /** To Redis a key that was deleted, one that was flushed, and a set whose last member went are all the same. */
  private takeMissing(): void {
    const { name, key } = this.redis;
    const { slot } = this;
    if (slot.whenDeleted !== 'empty') {
      const kept = this.content
        ? 'its last content stays in force, so that nothing it refuses gets in'
        : 'what it refuses cannot be told';
      this.turnDown('missing', () =>
        this.log.logerror(`${name} is missing: ${kept}; to refuse nobody, SADD ${key} '#'`),
      );
      return;
    }
    this.told = undefined;
    if (this.content?.hash === 'missing') return;
    this.log.lognotice(`${name} is missing: it lists nothing`);
    this.content = { file: name, path: '', value: emptySlot(slot.name, name), hash: 'missing', stamp: key };
  }

  private turnDown(what: string, tell: () => void): void {
    if (this.told !== what) tell();
    this.told = what;
  }
}
