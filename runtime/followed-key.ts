/** One list that a key of Redis holds: its last good content, and until when that counts. */
import type { RedisKey } from '../core';
import { type Version, wrongType } from './load';
import { parseList } from './parse-worker';
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

  /** Reads the key and takes what it holds. Rejects where it cannot be read; what cannot be taken is told of. */
  async read(ask: Ask): Promise<void> {
    this.state = 'reading';
    const startedAt = performance.now();
    try {
      const content = await readKey(ask, this.redis.key, this.slot.name === 'relay_map');
      await this.take(content);
    } catch (error) {
      this.state = 'changed';
      throw error;
    }
    this.wasRead = true;
    this.took = performance.now() - startedAt;
    this.confirm(startedAt);
    // Unless a notice has come meanwhile.
    if ((this.state as string) === 'reading') this.state = 'current';
  }

  /** Says why it cannot be read, once for each reason. */
  tellFailure(reason: string): void {
    this.turnDown(`failed: ${reason}`, () => this.log.logerror(`${this.redis.name} cannot be read: ${reason}`));
  }

  private async take(found: KeyContent): Promise<void> {
    const { name, key } = this.redis;
    if (found.state === 'missing') this.takeMissing();
    else if (found.state === 'wrong-type') {
      this.turnDown(found.type, () => tellNotTaken(this.log, [wrongType(this.redis, found.type)]));
    } else {
      const known = this.content?.hash;
      const { bytes, unordered } = found;
      const parsed = await parseList({ name: this.slot.name, file: name, bytes, unordered, known });
      if (parsed.hash !== known) {
        if (!parsed.data) {
          this.turnDown(parsed.hash, () => tellNotTaken(this.log, parsed.findings, parsed.unsaid));
          return;
        }
        tellFindings(this.log, parsed.findings);
        this.content = { file: name, path: '', value: parsed.data, hash: parsed.hash, stamp: key };
      }
      this.told = undefined;
    }
  }

  /** To Redis a key that was deleted, one that was flushed, and a set whose last member went are all the same. */
  private takeMissing(): void {
    const { name, key } = this.redis;
    const { slot } = this;
    if (slot.whenDeleted === 'keep') {
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
