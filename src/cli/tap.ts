/** The Test Anything Protocol, version 14, as test harnesses read it. */
import { printable } from '../policy/findings/characters';

export interface TapPoint {
  readonly passed: boolean;
  readonly name: string;
  /** Shown as YAML; each value is a JSON string or a plain word. */
  readonly details: Readonly<Record<string, string>>;
}

export function tap(points: readonly TapPoint[], comments: readonly string[] = []): string {
  const lines = ['TAP version 14', `1..${points.length}`];
  for (const [index, { passed, name, details }] of points.entries()) {
    // A # would begin a directive.
    lines.push(`${passed ? 'ok' : 'not ok'} ${index + 1} - ${name.replace(/[\\#]/g, '\\$&')}`);
    const entries = Object.entries(details);
    if (entries.length > 0) lines.push('  ---', ...entries.map(([key, value]) => `  ${key}: ${value}`), '  ...');
  }
  for (const comment of comments) lines.push(`# ${comment}`);
  return `${lines.join('\n')}\n`;
}

export function tapText(text: string): string {
  return printable(JSON.stringify(text));
}
