/**
 * Recipients counted in windows: a window begins with the first recipient and lasts the period of its limit, by a clock that
 * nobody sets. Of several limits all are kept at once: a recipient that one of them refuses counts against none.
 */
import { LRUCache } from 'lru-cache';
import { type Counter, keyOf } from '../policy/limits';

/** Trusted clients with a window of their own. More are not kept: the one that was counted longest ago begins anew. */
const mostWindows = 100_000;

/** What became of some recipients. */
export interface Counted {
  /** The place of the counter whose limit refuses them; absent where they are within all limits. */
  readonly over?: number;
  /** It is the first refusal of its window. */
  readonly isFirst: boolean;
  /** Milliseconds until its window ends. */
  readonly endsIn: number;
}

export const withinLimits: Counted = { isFirst: false, endsIn: 0 };

interface Window {
  counter: Counter;
  /** Recipients that were accepted. */
  accepted: number;
  /** Attempts beyond the limit. */
  refused: number;
  /** When this server has first refused one, or heard of it; milliseconds since 1970. */
  overSince: number | undefined;
  /** Of the accepted ones, how many Redis does not know of. */
  unshared: number;
}

/** A window as it is now. */
export interface OpenWindow extends Readonly<Window> {
  /** Milliseconds. */
  readonly endsIn: number;
}

export interface Clock {
  /** Milliseconds since any time. */
  now(): number;
}

export class Windows {
  private opened: LRUCache<string, Window> | undefined;

  /** `perf`: another clock than that of the process, which no change of the time of day moves. */
  constructor(private readonly perf: Clock = performance) {}

  /** Takes megabytes, and most servers count nothing. */
  private get windows(): LRUCache<string, Window> {
    this.opened ??= new LRUCache({ max: mostWindows, ttl: 1, ttlResolution: 0, perf: this.perf });
    return this.opened;
  }

  /** Counts the recipients, unless that would exceed a limit. */
  count(counters: readonly Counter[], recipients: number): Counted {
    const windows = counters.map((counter) => this.open(counter));
    const over = windows.findIndex(({ counter, accepted }) => accepted + recipients > counter.limit.recipients);
    const refusing = windows[over];
    if (refusing) {
      refusing.refused++;
      refusing.overSince ??= Date.now();
      return { over, isFirst: refusing.refused === 1, endsIn: this.windows.getRemainingTTL(keyOf(refusing.counter)) };
    }
    for (const window of windows) {
      window.accepted += recipients;
      window.unshared += recipients;
    }
    return withinLimits;
  }

  private open(counter: Counter): Window {
    const key = keyOf(counter);
    const window = this.windows.get(key) ?? { counter, accepted: 0, refused: 0, overSince: undefined, unshared: 0 };
    // The limit may have been changed since.
    window.counter = counter;
    if (!this.windows.has(key)) this.windows.set(key, window, { ttl: counter.limit.period });
    return window;
  }

  /** How many recipients of the counter Redis does not know of. From here on it does, until they are given back. */
  takeUnshared(counter: Counter): number {
    const window = this.windows.get(keyOf(counter));
    const { unshared = 0 } = window ?? {};
    if (window) window.unshared = 0;
    return unshared;
  }

  giveBack(counter: Counter, unshared: number): void {
    const window = this.windows.get(keyOf(counter));
    if (window) window.unshared += unshared;
  }

  /** Takes over the window that Redis has. */
  share(counter: Counter, { accepted, refused, endsIn }: Pick<OpenWindow, 'accepted' | 'refused' | 'endsIn'>): void {
    const { unshared = 0, overSince } = this.windows.get(keyOf(counter)) ?? {};
    const since = refused > 0 ? (overSince ?? Date.now()) : undefined;
    const window = { counter, accepted: accepted + unshared, refused, overSince: since, unshared };
    this.windows.set(keyOf(counter), window, { ttl: Math.max(endsIn, 1) });
  }

  get all(): readonly OpenWindow[] {
    if (!this.opened) return [];
    return [...this.windows.entries()].map(([key, window]) => ({
      ...window,
      endsIn: this.windows.getRemainingTTL(key),
    }));
  }

  /** Ends the windows under any of these names. */
  reset(names: readonly string[]): readonly Counter[] {
    const found = this.all.map(({ counter }) => counter).filter(({ name }) => names.includes(name));
    for (const counter of found) this.windows.delete(keyOf(counter));
    return found;
  }
}
