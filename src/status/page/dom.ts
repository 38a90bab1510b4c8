/** How the page makes its elements. Whatever a client or a list says goes in as text, and never as markup. */
import type { Place, Written } from '../answers.js';

export type Child = Node | string;

/** `attributes`: by their names in HTML. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** A line of a cell. */
export function line(className: string, ...children: readonly Child[]): HTMLElement {
  return el('span', { class: `line ${className}` }, ...children);
}

export function badge(kind: string, text = kind): HTMLElement {
  return el('span', { class: `badge ${kind}` }, text);
}

export function place({ file, line: number }: Pick<Place, 'file' | 'line'>): HTMLElement {
  return el('span', { class: 'place' }, `${file}:${number}`);
}

/** An entry and its comment, which is shortened where it is long. */
export function written({ text, comment }: Written): HTMLElement {
  if (text === null) return el('span', { class: 'comment' }, 'text not kept');
  if (comment === null) return el('span', { class: 'entry' }, text);
  const entry = text.endsWith(comment) ? text.slice(0, -comment.length).replace(/[ \t]*[#;][ \t]*$/, '') : text;
  return el('span', {}, el('span', { class: 'entry' }, entry), ' ', el('span', { class: 'comment' }, comment));
}

const pad = (number: number) => String(number).padStart(2, '0');

/** The time of day, with the date where it is not of today. */
export function time(iso: string): HTMLElement {
  const date = new Date(iso);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} `;
  const isToday = date.toDateString() === new Date().toDateString();
  return el('time', { datetime: iso }, `${isToday ? '' : day}${clock(date)}:${pad(date.getSeconds())}`);
}

export function clock(date: Date): string {
  return `${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** `3 h 12 min`. */
export function duration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return `${Math.max(0, Math.round(milliseconds / 1000))} s`;
  const [hours, days] = [Math.floor(minutes / 60), Math.floor(minutes / 1440)];
  if (days > 0) return `${days} d ${hours % 24} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

export const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

export interface Cell {
  readonly content: readonly Child[];
  /** Takes the whole width. */
  readonly wide?: true;
}

export function cell(...content: readonly Child[]): Cell {
  return { content };
}

/** A row whose first cell is its heading. The narrow page makes blocks of the cells, so each says what it is. */
export function row(table: HTMLTableElement, cells: readonly Cell[]): HTMLTableRowElement {
  table.setAttribute('role', 'table');
  table.tBodies[0]?.setAttribute('role', 'rowgroup');
  const headings = [...(table.tHead?.rows[0]?.cells ?? [])];
  const parts = cells.map(({ content, wide }, i) => {
    if (wide) return el('td', { colspan: String(headings.length), role: 'cell' }, ...content);
    const heading = headings[i];
    const label = { 'data-label': heading?.textContent ?? '', class: heading?.className ?? '' };
    return i === 0
      ? el('th', { scope: 'row', role: 'rowheader', ...label }, ...content)
      : el('td', { role: 'cell', ...label }, ...content);
  });
  return el('tr', { role: 'row' }, ...parts);
}

const shown = new WeakMap<Element, string>();

/** Calls `fill` where what is to be shown differs from what is: whoever reads or selects something is not disturbed. */
export function update(element: Element, value: unknown, fill: () => readonly Child[]): void {
  const text = JSON.stringify(value);
  if (shown.get(element) === text) return;
  shown.set(element, text);
  element.replaceChildren(...fill());
}

/** The rows of a table's body, with those of `empty` where there are none. */
export function fillTable(id: string, value: unknown, rows: () => readonly (readonly Cell[])[], empty = ''): void {
  const table = byId<HTMLTableElement>(id);
  const body = table.tBodies[0] as HTMLTableSectionElement;
  update(body, value, () => {
    const made = rows().map((cells) => row(table, cells));
    return made.length > 0 || empty === '' ? made : [row(table, [{ content: [empty], wide: true }])];
  });
}
