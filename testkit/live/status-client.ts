/** An HTTP client for the status server, over its Unix socket or a TCP port. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import type { History, Status, Unmatched } from '../../src/status/answers';
import type { RunningHaraka } from './haraka';

export type { Decisions, History, LimitsAnswer, Status, Unmatched } from '../../src/status/answers';

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
