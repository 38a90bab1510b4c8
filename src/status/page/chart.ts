/** The decisions of the last hour: their sums, and a bar for each minute with one colour an outcome. */
import type uPlotClass from 'uplot';
import type { History } from '../answers.js';
import { byId, clock, el, update } from './dom.js';

/** Loaded by a script of its own. */
declare const uPlot: typeof uPlotClass;

const series = ['permit', 'refuse', 'defer', 'observed'] as const;
type Series = (typeof series)[number];

const words: Readonly<Record<Series, string>> = {
  permit: 'permitted',
  refuse: 'refused',
  defer: 'deferred',
  observed: 'only observed',
};

/** From the ground up: what an operator looks for stands there, however much is permitted. */
const stacked: readonly Series[] = ['refuse', 'defer', 'observed', 'permit'];

const height = 190;
let chart: uPlotClass | undefined;

export function showHistory(history: History): void {
  const sums = series.map((name) => [name, history[name].reduce((sum, count) => sum + count, 0)] as const);
  update(byId('sums'), sums, () =>
    sums.map(([name, sum]) => el('div', { class: name }, el('dt', {}, words[name]), el('dd', {}, String(sum)))),
  );
  const data = barsOf(history);
  if (chart) chart.setData(data);
  else chart = makeChart(byId('chart'), data);
}

/** The minutes, and for each series the sum of its own and those below it; the highest comes first, as it is drawn first. */
function barsOf(history: History): uPlotClass.AlignedData {
  const start = Date.parse(history.from) / 1000;
  const minutes = new Map<number, Record<Series, number>>();
  for (let i = 0; i < history.permit.length; i++) {
    const minute = Math.floor((start + i * history.seconds) / 60) * 60;
    const counts = minutes.get(minute) ?? { permit: 0, refuse: 0, defer: 0, observed: 0 };
    for (const name of series) counts[name] += history[name][i] ?? 0;
    minutes.set(minute, counts);
  }
  const sumsUpTo = (top: number) =>
    [...minutes.values()].map((counts) => stacked.slice(0, top + 1).reduce((sum, name) => sum + counts[name], 0));
  return [[...minutes.keys()], ...stacked.map((_, i) => sumsUpTo(i)).reverse()];
}

function makeChart(place: HTMLElement, data: uPlotClass.AlignedData): uPlotClass {
  const colour = (name: string) => () => getComputedStyle(place).getPropertyValue(`--${name}`);
  const axis = { stroke: colour('muted'), font: '12px system-ui, sans-serif', ticks: { show: false } };
  const paths = uPlot.paths.bars?.({ size: [0.75, 20] });
  const made = new uPlot(
    {
      width: place.clientWidth,
      height,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        // Room for half a bar at each end.
        x: { range: (_chart, min, max) => [min - 30, max + 30] },
        y: { range: (_chart, _min, max) => [0, Math.max(5, max * 1.05)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 28,
          space: 70,
          values: (_chart, ticks) => ticks.map((tick) => clock(new Date(tick * 1000))),
        },
        { ...axis, grid: { stroke: colour('line'), width: 1 }, size: 46, incrs: increments },
      ],
      series: [
        {},
        ...[...stacked]
          .reverse()
          .map((name) => ({ fill: colour(name), width: 0, points: { show: false }, ...(paths && { paths }) })),
      ],
    },
    data,
    place,
  );
  new ResizeObserver(() => made.setSize({ width: place.clientWidth, height })).observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => made.redraw());
  return made;
}

/** Decisions are counted whole. */
const increments = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
