/** Looks at several things side by side: at each thing once at a time, so that one that takes long holds up no other. */
import { within } from './within';

export class Looks {
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly askedAgain = new Set<string>();

  /** `ended` is told after each look whether another was asked for in the meantime. */
  constructor(
    private readonly ended: (again: boolean) => void,
    private readonly longestWait: number,
  ) {}

  get none(): boolean {
    return this.underWay.size === 0;
  }

  /** Resolves when the look is over, or has taken as long as anybody waits for one. `look` never rejects. */
  at(name: string, look: () => Promise<void>): Promise<void> {
    const before = this.underWay.get(name);
    if (before) {
      this.askedAgain.add(name);
      return before;
    }
    const over = look().finally(() => {
      this.underWay.delete(name);
      this.ended(this.askedAgain.delete(name));
    });
    const awaited = within(this.longestWait, over, false).catch(() => {});
    this.underWay.set(name, awaited);
    return awaited;
  }
}
