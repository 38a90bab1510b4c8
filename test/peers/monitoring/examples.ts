/** The files of examples/monitoring/, and the part of the guide that shows how to use them. */
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../../examples/haraka-directory';

export const monitoringFolder = path.join(checkout, 'examples', 'monitoring');

export function monitoringFile(name: string): string {
  return fs.readFileSync(path.join(monitoringFolder, name), 'utf8');
}

interface Target {
  readonly expr: string;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly (Target & { readonly datasource: { readonly uid: string } })[];
}

export interface Dashboard {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly Target[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}

export function dashboard(): Dashboard {
  return JSON.parse(monitoringFile('grafana.json')) as Dashboard;
}

/** The expressions of the dashboard as Grafana would send them: its variables are filled in. */
export function dashboardExpressions(): readonly string[] {
  const { panels, annotations } = dashboard();
  const targets = [...panels.flatMap(({ targets = [] }) => targets), ...annotations.list];
  return targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m').replace(/\$(?:job|instance)\b/g, '.+'));
}

/** The blocks of the guide in one language. */
export function guideBlocks(language: string): readonly string[] {
  const guide = fs.readFileSync(path.join(checkout, 'docs', 'guides', 'monitoring.md'), 'utf8');
  return [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text,
  );
}
