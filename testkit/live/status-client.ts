/** An HTTP client for the status server, over its Unix socket or a TCP port. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import type { RunningHaraka } from './haraka';

export interface Place {
  readonly socketPath?: string;
  readonly port?: number;
  readonly host?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export function ask(place: Place, url: string): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent: false, timeout: 10_000, ...place, path: url }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer')));
    request.end();
  });
}

/** The socket of the default settings. */
export function socketOf({ directory }: Pick<RunningHaraka, 'directory'>): Place {
  return { socketPath: path.join(directory, 'smtpcheck.sock') };
}

/** The JSON of a path below `/smtpcheck/`, by the socket. */
export async function statusJson<T>(haraka: Pick<RunningHaraka, 'directory'>, url: string): Promise<T> {
  const { status, body } = await ask(socketOf(haraka), `/smtpcheck/${url}`);
  if (status !== 200) throw new Error(`${status} ${body}`);
  return JSON.parse(body) as T;
}

/** The parts of `status.json` that tests look at. */
export interface Status {
  readonly version: number;
  readonly generation: number;
  readonly decisions: readonly {
    readonly plugin: string;
    readonly outcome: string;
    readonly rule: string;
    readonly observed: boolean;
    readonly count: number;
  }[];
  readonly faults: Readonly<Record<string, number>>;
  readonly lists: readonly {
    readonly list: string;
    readonly source: string;
    readonly state: string;
    readonly entries: number;
    readonly generation: number;
    readonly rejected: { readonly findings: readonly { readonly code: string; readonly message: string }[] } | null;
  }[];
  readonly entries: {
    readonly matched: readonly {
      readonly list: string;
      readonly line: number;
      readonly text: string | null;
      readonly matches: number;
    }[];
  };
  readonly reloads: Readonly<Record<string, number>>;
  readonly dns: { readonly lookups: Readonly<Record<string, number>>; readonly rememberedNames: number };
  readonly processes: readonly {
    readonly worker: number;
    readonly pid: number;
    readonly silent: boolean;
    readonly generation: number;
    /** What is in force of each list. */
    readonly lists: Readonly<
      Record<
        string,
        { readonly source: string; readonly state: string; readonly hash: string; readonly generation: number }
      >
    >;
  }[];
}

/** The parts of `unmatched.json` that tests look at. */
export interface Unmatched {
  readonly matchesOfOthers: number;
  readonly lists: readonly {
    readonly list: string;
    readonly unmatched: number;
    readonly shown: readonly { readonly text: string | null }[];
  }[];
}

/** The parts of `history.json` that tests look at. */
export interface History {
  readonly refuse: readonly number[];
  readonly observed: readonly number[];
}

/** How many refusals of the last hour the history has. */
export async function refusedInHistory(haraka: Pick<RunningHaraka, 'directory'>): Promise<number> {
  return (await statusJson<History>(haraka, 'history.json')).refuse.reduce((sum, count) => sum + count, 0);
}

/** The texts of the entries of a list that have not matched. */
export async function unmatchedIn(
  haraka: Pick<RunningHaraka, 'directory'>,
  list: string,
): Promise<readonly (string | null)[]> {
  const { lists } = await statusJson<Unmatched>(haraka, `unmatched.json?list=${list}`);
  return lists.flatMap(({ shown }) => shown.map(({ text }) => text));
}

export interface Decisions {
  readonly last: number;
  readonly decisions: readonly {
    readonly number: number;
    readonly outcome: string;
    readonly rule: string;
    readonly ip: string;
    readonly rcpt: string;
    readonly helo: string;
    readonly reply: string;
    readonly entry: { readonly list: string; readonly line: number; readonly text: string | null } | null;
  }[];
}

export function statusOf(haraka: Pick<RunningHaraka, 'directory'>): Promise<Status> {
  return statusJson<Status>(haraka, 'status.json');
}

/** In how many processes this text is in force for the file. */
export function holdersOf({ processes }: Pick<Status, 'processes'>, file: string, text: string): number {
  const hash = createHash('sha256').update(text).digest('hex');
  const holds = (lists: Status['processes'][number]['lists']) =>
    Object.values(lists).some((list) => list.source === file && list.hash === hash);
  return processes.filter(({ lists }) => holds(lists)).length;
}

/** How often the suite decided so, whatever the plugin. */
export function countIn({ decisions }: Status, outcome: string, rule?: string): number {
  const counted = decisions.filter((one) => one.outcome === outcome && (rule === undefined || one.rule === rule));
  return counted.reduce((sum, { count }) => sum + count, 0);
}
