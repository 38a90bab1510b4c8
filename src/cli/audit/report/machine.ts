/** The forms that programs read: JSON, TAP and JUnit. An open question is a failure in each of them, never a pass. */
import { jsonText } from '../../io';
import { tap, tapText } from '../../tap';
import { type JunitProblem, junit } from '../../xml';
import type { Verdict } from '../outcome';
import { remedyOf } from '../remedy';
import { overall } from '../runner';
import { channelName } from '../session/channel';
import { type AuditReport, counts, documentation } from './summary';

/** Changes only with the shape below; docs/reference/audit.md describes it. */
const schema = 'smtpcheck-audit/1';

export function jsonReport(report: AuditReport): string {
  const { results, channels, version, transcript } = report;
  return jsonText({
    schema,
    version,
    verdict: overall(results),
    counts: counts(results),
    channels: channels.map(({ protocol, host, address, port, security }) => ({
      protocol,
      host,
      address,
      port,
      security,
    })),
    results: results.map(({ check, channel, verdict, observed }) => {
      const { why, fix, anchor } = remedyOf(check, verdict);
      return {
        id: check.id,
        title: check.title,
        protocol: channel.protocol,
        address: channel.address,
        port: channel.port,
        security: channel.security,
        verdict,
        observed,
        why,
        fix,
        documentation: `${documentation}#${anchor}`,
      };
    }),
    ...(transcript === undefined ? {} : { transcript }),
  });
}

export function tapReport({ results, transcript }: AuditReport): string {
  const points = results.map(({ check, channel, verdict, observed }) => ({
    passed: verdict !== 'unsafe' && verdict !== 'unknown',
    name: `${check.id} on ${channelName(channel)}`,
    details: { verdict, observed: tapText(observed) },
  }));
  return tap(points, transcript);
}

export function junitText({ results, transcript }: AuditReport): string {
  const cases = results.map(({ check, channel, verdict, observed }) => ({
    classname: channelName(channel),
    name: check.id,
    problems: problemsOf(verdict, observed, check.why),
    output: verdict === 'report' || verdict === 'deferred' ? `${verdict}: ${observed}` : undefined,
  }));
  return junit({ name: 'smtpcheck audit', cases, output: transcript?.join('\n') });
}

function problemsOf(verdict: Verdict, observed: string, why: string): JunitProblem[] {
  if (verdict === 'unsafe') return [{ kind: 'failure', type: 'unsafe', message: observed, text: why }];
  return verdict === 'unknown' ? [{ kind: 'error', type: 'unknown', message: observed }] : [];
}
