/** What the page reads of the JSON of the status server, whose fields are described in docs/guides/monitoring.md. */

export interface Status {
  readonly suite: string;
  readonly time: string;
  readonly startedAt: string;
  readonly generation: number;
  readonly modes: Readonly<Record<string, string>>;
  readonly decisions: readonly DecisionCount[];
  readonly faults: Readonly<Record<string, number>>;
  readonly lists: readonly List[];
  readonly entries: { readonly matched: readonly MatchedEntry[]; readonly notShown: number };
  readonly processes: readonly Process[];
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
  readonly generation: number;
  readonly loadedAt: string;
  readonly rejected: {
    readonly at: string;
    readonly findings: readonly {
      readonly code: string;
      readonly file: string;
      readonly line: number;
      readonly text: string;
      readonly message: string;
    }[];
    readonly omitted: number;
    readonly message: string | null;
  } | null;
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
  readonly entry: Place | null;
}

export interface Decisions {
  readonly startedAt: string;
  readonly last: number;
  readonly decisions: readonly Decision[];
}

export interface History {
  readonly from: string;
  readonly seconds: number;
  readonly permit: readonly number[];
  readonly refuse: readonly number[];
  readonly defer: readonly number[];
  readonly observed: readonly number[];
}

export interface Unmatched {
  readonly startedAt: string;
  readonly matchesOfOthers: number;
  readonly lists: readonly {
    readonly list: string;
    readonly source: string;
    readonly entries: number;
    readonly unmatched: number;
    readonly shown: readonly ({ readonly line: number } & Written)[];
    readonly notShown: number;
  }[];
}

export interface Explanation {
  readonly client: { readonly ip: string; readonly name: string };
  readonly steps: readonly {
    readonly command: string;
    readonly decisions: readonly {
      readonly outcome: string;
      readonly rule: string;
      readonly at?: { readonly file: string; readonly line: number };
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
