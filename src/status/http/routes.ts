/** What each path of the status server answers. Nothing here changes anything but what the command alone can ask: that a limit begins anew. */
import { parseAddress } from '../../policy/entries/ip-address';
import { printableLines } from '../../policy/findings/characters';
import { encodePolicy, type TransferredPolicy } from '../policy-transfer';
import type { StatusView } from '../view';
import { limitsPage } from './limits-page';
import { pageFile } from './page-files';
import { decisionsPage, historyPage, jsonVersion, statusPage } from './pages';
import { BadRequest, described, type Parameter, readQuery } from './query';
import { unmatchedPage } from './unmatched';

export interface Answer {
  readonly status: number;
  readonly type: string;
  /** A large body comes in pieces. */
  readonly body: string | readonly Uint8Array[];
  /** Where to go instead. */
  readonly location?: string;
}

/** A session to be played under the policy in force. */
export interface ExplainQuery {
  readonly ip: string;
  readonly to: readonly string[];
  readonly from: string;
  readonly helo: string;
  readonly ptr: readonly string[];
}

/** The played session as JSON. */
export type Explain = (query: ExplainQuery) => Promise<string>;

export interface Site {
  readonly view: StatusView;
  readonly explain: Explain;
  /** For the command alone: lists are not for every reader of the status, and only who runs the server resets a limit. */
  readonly forCommand?: CommandSite;
}

export interface CommandSite {
  policy(): TransferredPolicy;
  /** How many windows of this name have ended. */
  resetLimit(name: string): Promise<number>;
}

type Route = (site: Site, query: URLSearchParams, accept: string) => Answer | Promise<Answer>;

export const prefix = '/smtpcheck/';

const routes: Readonly<Record<string, Route>> = {
  'status.json': ({ view }, query) => {
    readQuery(query, {});
    return json(200, statusPage(view));
  },
  'decisions.json': ({ view }, query) => json(200, decisionsPage(view, query)),
  'history.json': ({ view }, query) => {
    readQuery(query, {});
    return json(200, historyPage(view));
  },
  'unmatched.json': ({ view }, query) => json(200, unmatchedPage(view, query)),
  'limits.json': ({ view }, query) => {
    readQuery(query, {});
    return json(200, limitsPage(view));
  },
  // Loaded when somebody asks: most processes of a server never are.
  metrics: async ({ view }, query, accept) => {
    readQuery(query, {});
    const { metricsPage } = await import('../metrics.js');
    return { status: 200, ...(await metricsPage(view, accept)) };
  },
  'explain.json': async ({ explain }, query) => {
    const { ip, to, from, helo, ptr } = readQuery(query, explainParameters);
    const asked = { ip: ip[0] as string, to, from: from[0] ?? '', helo: helo[0] ?? 'client.example.org', ptr };
    return { status: 200, type: jsonType, body: await explain(asked) };
  },
};

/** Besides those, for the command. */
const commandRoutes: Readonly<Record<string, Route>> = {
  policy: ({ forCommand }, query) => {
    readQuery(query, {});
    return { status: 200, type: 'application/octet-stream', body: forCommand ? encodePolicy(forCommand.policy()) : [] };
  },
  'limits/reset': async ({ forCommand }, query) => {
    const { name } = readQuery(query, resetParameters);
    return json(200, { version: jsonVersion, ended: await forCommand?.resetLimit(name[0] as string) });
  },
};

/** What changes something is asked for by POST, and nothing else is. */
const changing = 'limits/reset';

const aLine: Parameter['accepts'] = (value) => value.length <= 512 && !/[\r\n]/.test(value);

const explainParameters = {
  ip: {
    ...described('an IP address', (value) => parseAddress(value) !== undefined),
    single: true,
    required: true,
  },
  to: { ...described('a recipient', (value) => value !== '' && aLine(value)), required: true },
  from: { ...described('a sender, or nothing', aLine), single: true },
  helo: { ...described('what the client says at EHLO', (value) => value !== '' && aLine(value)), single: true },
  ptr: described('a PTR name that leads back to the client', (value) => value !== '' && aLine(value)),
} as const;

const jsonType = 'application/json; charset=utf-8';

const resetParameters = {
  name: {
    ...described('a client, a user or an entry', (value) => value !== '' && aLine(value)),
    single: true,
    required: true,
  },
} as const;

/** `url`: path and query of a request. Never rejects. */
export async function answer(site: Site, url: string, accept: string, method = 'GET'): Promise<Answer> {
  const [path = '', query = ''] = url.split('?', 2);
  if (`${path}/` === prefix) return { status: 308, type: 'text/plain; charset=utf-8', body: '', location: prefix };
  const name = path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
  try {
    const known = site.forCommand ? { ...routes, ...commandRoutes } : routes;
    const route = name === undefined ? undefined : routeOf(name, known);
    if (!route) return problem(404, 'not found', { paths: ['', ...Object.keys(known)].map((one) => prefix + one) });
    if ((method === 'POST') !== (name === changing)) return problem(405, `${method} is not answered here`);
    return await route(site, new URLSearchParams(query), accept);
  } catch (error) {
    if (error instanceof BadRequest) return problem(400, error.message, error.valid);
    return problem(500, `the status server failed: ${String(error)}`);
  }
}

function routeOf(name: string, known: typeof routes): Route | undefined {
  if (Object.hasOwn(known, name)) return known[name];
  const file = pageFile(name);
  return (
    file &&
    ((_site, query) => {
      readQuery(query, {});
      return { status: 200, ...file };
    })
  );
}

export function problem(status: number, error: string, valid?: Readonly<Record<string, readonly string[]>>): Answer {
  return json(status, { version: jsonVersion, error, ...(valid && { valid }) });
}

function json(status: number, value: object): Answer {
  return { status, type: jsonType, body: `${printableLines(JSON.stringify(value, undefined, 2))}\n` };
}
