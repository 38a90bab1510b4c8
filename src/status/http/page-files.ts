/** The files of the status page, read when the first of them is asked for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(__dirname, '..', 'page');

const types = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

const own = [
  'page.css',
  'icon.svg',
  'limits.js',
  'page.js',
  'dom.js',
  'chart.js',
  'decisions.js',
  'explain.js',
  'lists.js',
  'verify.js',
] as const;

/** Where each file is, by its name below `/smtpcheck/`. */
const places: ReadonlyMap<string, () => string> = new Map([
  ['', () => join(folder, 'index.html')],
  ...own.map((name): [string, () => string] => [name, () => join(folder, name)]),
  ['uplot.js', () => require.resolve('uplot/dist/uPlot.iife.min.js')],
  ['uplot.css', () => require.resolve('uplot/dist/uPlot.min.css')],
]);

export interface PageFile {
  readonly type: string;
  readonly body: string;
}

const read = new Map<string, PageFile>();

export function pageFile(name: string): PageFile | undefined {
  const known = read.get(name);
  const place = places.get(name)?.();
  if (known || place === undefined) return known;
  const file = {
    type: types[place.slice(place.lastIndexOf('.') + 1) as keyof typeof types],
    // Source maps are not served.
    body: readFileSync(place, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n'),
  };
  read.set(name, file);
  return file;
}
