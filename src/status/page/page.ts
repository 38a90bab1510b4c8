/** Keeps the page up to date while somebody can see it, and says whether what it shows is of now. */
import type { Decisions, History, LimitsAnswer, Status, Unmatched } from '../answers.js';
import { showHistory } from './chart.js';
import { decisionsQuery, showDecisions } from './decisions.js';
import { byId, time } from './dom.js';
import './explain.js';
import { showLimits } from './limits.js';
import { showStatus, showUnmatched } from './lists.js';
import { showVerify } from './verify.js';

/** Milliseconds between two turns, and for an answer. */
const pace = 1000;
const timeout = 5000;

/** What is asked for every so many turns. */
const parts: readonly { readonly every: number; refresh(): Promise<void> }[] = [
  { every: 1, refresh: async () => showDecisions(await get<Decisions>(decisionsQuery())) },
  { every: 2, refresh: async () => showAll(await get<Status>('status.json')) },
  { every: 2, refresh: async () => showLimits(await get<LimitsAnswer>('limits.json')) },
  { every: 5, refresh: async () => showHistory(await get<History>('history.json')) },
  { every: 15, refresh: async () => showUnmatched(await get<Unmatched>('unmatched.json')) },
];

const connection = byId('connection');
const pause = byId<HTMLButtonElement>('pause');
let turn = 0;
let timer = 0;
let isBusy = false;
let lastAnswer = '';

function showAll(status: Status): void {
  showStatus(status);
  showVerify(status.verify, status.time);
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeout) });
  if (!response.ok) throw new Error(`the server answers ${response.status}`);
  lastAnswer = new Date().toISOString();
  return (await response.json()) as T;
}

async function takeTurn(): Promise<void> {
  clearTimeout(timer);
  if (isPaused() || isBusy) return;
  isBusy = true;
  try {
    for (const { every, refresh } of parts) if (turn % every === 0) await refresh();
    turn++;
    show('live', ['Live']);
  } catch (error) {
    // All of it may be another server's when it answers again.
    turn = 0;
    const reason = error instanceof Error && error.message.startsWith('the server') ? ` (${error.message})` : '';
    const since = lastAnswer === '' ? [] : ['; last answer at ', time(lastAnswer)];
    show('lost', [`Connection lost${reason}`, ...since]);
  } finally {
    isBusy = false;
  }
  if (!isPaused()) timer = setTimeout(takeTurn, pace);
}

function isPaused(): boolean {
  return document.hidden || pause.getAttribute('aria-pressed') === 'true';
}

/** Only changes are announced. */
function show(state: string, text: readonly (Node | string)[]): void {
  if (connection.classList.contains(state)) return;
  connection.className = `connection ${state}`;
  connection.replaceChildren(...text);
}

function changePause(): void {
  if (isPaused()) show('paused', ['Paused']);
  else void takeTurn();
}

document.addEventListener('visibilitychange', changePause);
pause.addEventListener('click', () => {
  pause.setAttribute('aria-pressed', String(pause.getAttribute('aria-pressed') !== 'true'));
  changePause();
});
void takeTurn();
