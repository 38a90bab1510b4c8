/** Runs the audit in this process and hands back what it printed, for tests that look at verdicts. */
import { type AuditOptions, defaults, run } from '../../../src/cli/audit/command';
import type { Verdict } from '../../../src/cli/audit/outcome';
import type { ExitCode } from '../../../src/cli/io';

export interface JsonResult {
  readonly id: string;
  readonly protocol: string;
  readonly address: string;
  readonly security: string;
  readonly verdict: Verdict;
  readonly observed: string;
  readonly why: string;
  readonly fix: Readonly<Record<string, string>>;
}

export interface Audited {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
  readonly results: readonly JsonResult[];
  /** Ids by verdict, each once, in order. */
  readonly ids: Readonly<Record<JsonResult['verdict'], readonly string[]>>;
}

export async function auditOf(options: Partial<AuditOptions>): Promise<Audited> {
  let out = '';
  let err = '';
  const code = await run(
    { ...defaults, pause: 0, timeout: 2000, json: true, ...options },
    {
      stdout: { write: (text) => (out += text) },
      stderr: { write: (text) => (err += text) },
      env: {},
      cwd: process.cwd(),
    },
  );
  const results = options.json === false ? [] : (JSON.parse(out) as { results: JsonResult[] }).results;
  const idsOf = (verdict: JsonResult['verdict']): string[] => [
    ...new Set(results.filter((one) => one.verdict === verdict).map(({ id }) => id)),
  ];
  const ids = {
    safe: idsOf('safe'),
    unsafe: idsOf('unsafe'),
    report: idsOf('report'),
    unknown: idsOf('unknown'),
    deferred: idsOf('deferred'),
  };
  return { code, out, err, results, ids };
}

/** For a message: every result of these verdicts with what was observed. */
export function shownResults(results: readonly JsonResult[], verdicts: ReadonlyArray<JsonResult['verdict']>): string {
  return results
    .filter(({ verdict }) => verdicts.includes(verdict))
    .map(({ id, security, verdict, observed }) => `${id} (${security}) ${verdict}: ${observed}`)
    .join('\n');
}
