/** The forms that programs read: JSON, TAP and JUnit. An open question is a failure in each of them, never a pass. */
import { printable } from '../../../core';
import { jsonText } from '../../io';
import { xml } from '../../xml';
import { channelName } from '../channel';
import { overall, type Result } from '../runner';
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
    results: results.map(({ check, channel, verdict, observed }) => ({
      id: check.id,
      title: check.title,
      protocol: channel.protocol,
      address: channel.address,
      port: channel.port,
      security: channel.security,
      verdict,
      observed,
      why: check.why,
      fix: check.fix,
      documentation: `${documentation}#${check.id}`,
    })),
    ...(transcript === undefined ? {} : { transcript }),
  });
}

export function tapText({ results, transcript }: AuditReport): string {
  const lines = ['TAP version 14', `1..${results.length}`];
  for (const [index, { check, channel, verdict, observed }] of results.entries()) {
    const passed = verdict === 'safe' || verdict === 'report';
    lines.push(
      `${passed ? 'ok' : 'not ok'} ${index + 1} - ${check.id} on ${channelName(channel)}`,
      '  ---',
      `  verdict: ${verdict}`,
      `  observed: ${printable(JSON.stringify(observed))}`,
      '  ...',
    );
  }
  for (const line of transcript ?? []) lines.push(`# ${line}`);
  return `${lines.join('\n')}\n`;
}

export function junitText({ results, transcript }: AuditReport): string {
  const sum = counts(results);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="smtpcheck audit" tests="${results.length}" failures="${sum.unsafe}" errors="${sum.unknown}">`,
    ...results.map(testcase),
  ];
  if (transcript !== undefined) lines.push(`  <system-out>${xml(transcript.join('\n'))}</system-out>`);
  lines.push('</testsuite>');
  return `${lines.join('\n')}\n`;
}

function testcase({ check, channel, verdict, observed }: Result): string {
  const open = `  <testcase classname="${xml(channelName(channel))}" name="${xml(check.id)}">`;
  const message = `message="${xml(observed)}"`;
  const inside = {
    safe: '',
    report: `<system-out>${xml(`report: ${observed}`)}</system-out>`,
    unsafe: `<failure type="unsafe" ${message}>${xml(check.why)}</failure>`,
    unknown: `<error type="unknown" ${message}/>`,
  }[verdict];
  return `${open}${inside}</testcase>`;
}
