/**
 * The JSON of the status server: what it writes, and what the page in the browser and the command read. Times are in ISO 8601. The
 * fields are described in docs/guides/monitoring.md.
 */

export interface Status {
  readonly version: number;
  readonly suite: string;
  readonly node: string;
  readonly time: string;
  readonly startedAt: string;
  readonly generation: number;
  readonly modes: Readonly<Record<string, string>>;
  readonly decisions: readonly DecisionCount[];
  readonly faults: Readonly<Record<string, number>>;
  readonly lists: readonly List[];
  readonly entries: {
    readonly matched: readonly MatchedEntry[];
    readonly notShown: number;
    readonly matchesOfOthers: number;
  };
  readonly reloads: Readonly<Record<string, number>>;
  readonly dns: { readonly lookups: Readonly<Record<string, number>>; readonly rememberedNames: number };
  readonly verify: Verify;
  readonly recent: { readonly limit: number; readonly permittedLimit: number };
  readonly processes: readonly Process[];
}

/** Recipients that next hops were asked about, by `verify` of entries. */
export interface Verify {
  /** Recipients that next hops were to be asked about, by what came of it. */
  readonly questions: { readonly known: number; readonly unknown: number; readonly unsure: number };
  /** Recipients that were answered from memory, and those that the rate allowed no question for. */
  readonly remembered: number;
  readonly unasked: number;
  /** What is remembered; `oldest` is the time of the oldest answer. */
  readonly cache: { readonly size: number; readonly oldest: string | null };
  /** Domains whose next hop accepts whatever it is asked, and is not asked again on the same day. */
  readonly acceptAll: readonly string[];
}

export interface DecisionCount {
  readonly plugin: string;
  readonly outcome: string;
  readonly rule: string;
  readonly observed: boolean;
  readonly count: number;
}

export interface List {
  readonly list: string;
  readonly source: string;
  readonly state: string;
  readonly entries: number;
  readonly hash: string;
  readonly generation: number;
  readonly loadedAt: string;
  readonly readSeconds: number;
  readonly rejected: {
    readonly at: string;
    readonly findings: readonly RejectedLine[];
    readonly omitted: number;
    readonly message: string | null;
  } | null;
}

/** What is wrong with a line of the version that was rejected. */
export interface RejectedLine {
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly message: string;
}

export interface Written {
  readonly text: string | null;
  readonly comment: string | null;
}

export interface Place extends Written {
  readonly list: string;
  readonly file: string;
  readonly line: number;
}

export interface MatchedEntry extends Place {
  readonly matches: number;
  readonly lastMatch: string;
}

export interface Process {
  readonly worker: number;
  readonly pid: number;
  readonly startedAt: string;
  readonly lastReport: string;
  readonly silent: boolean;
  readonly generation: number;
  readonly lists: Readonly<Record<string, Pick<List, 'source' | 'state' | 'generation' | 'hash'>>>;
}

export interface Decision {
  readonly number: number;
  readonly time: string;
  readonly plugin: string;
  readonly outcome: string;
  readonly rule: string;
  readonly observed: boolean;
  readonly ip: string;
  readonly ptr: string;
  readonly helo: string;
  readonly from: string;
  readonly rcpt: string;
  readonly reply: string;
  readonly generation: number;
  readonly entry: Place | null;
}

export interface Decisions {
  readonly version: number;
  readonly startedAt: string;
  readonly last: number;
  readonly decisions: readonly Decision[];
}

export interface History {
  readonly version: number;
  readonly time: string;
  readonly from: string;
  readonly seconds: number;
  readonly permit: readonly number[];
  readonly refuse: readonly number[];
  readonly defer: readonly number[];
  readonly observed: readonly number[];
}

/** What limits have counted. */
export interface LimitsAnswer {
  readonly version: number;
  readonly time: string;
  readonly mode: string;
  /** `redis-disconnected`: counted in memory meanwhile. */
  readonly store: 'memory' | 'redis' | 'redis-disconnected';
  readonly limits: readonly LimitState[];
  readonly notShown: number;
}

export interface LimitState {
  readonly subject: string;
  readonly name: string;
  readonly limit: string;
  readonly at: { readonly file: string; readonly line: number } | null;
  readonly accepted: number;
  readonly refused: number;
  readonly state: 'under' | 'near' | 'over';
  readonly since: string;
  readonly overSince: string | null;
  readonly until: string;
}

export interface Unmatched {
  readonly version: number;
  readonly startedAt: string;
  readonly matchesOfOthers: number;
  readonly lists: readonly {
    readonly list: string;
    readonly source: string;
    readonly loadedAt: string;
    readonly entries: number;
    readonly unmatched: number;
    readonly shown: readonly ({ readonly line: number; readonly ended: boolean } & Written)[];
    readonly notShown: number;
  }[];
}

/** As `smtpcheck explain --json`. */
export interface Explanation {
  readonly client: { readonly ip: string; readonly name: string };
  readonly steps: readonly {
    readonly command: string;
    readonly decisions: readonly {
      readonly outcome: string;
      readonly rule: string;
      readonly at?: { readonly file: string; readonly line: number };
      readonly attributes?: string;
      readonly note?: string;
      readonly observed: boolean;
    }[];
    readonly reply: { readonly code: number; readonly text: string };
  }[];
  readonly recipients: readonly {
    readonly address: string;
    readonly disposition: string;
    readonly queue: string | null;
  }[];
}
