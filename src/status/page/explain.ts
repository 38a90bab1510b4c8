/** The form that asks what a client would be answered, and the played session. */
import type { Explanation } from '../answers.js';
import { badge, byId, type Child, el, line, place } from './dom.js';

const form = byId<HTMLFormElement>('explain-form');
const result = byId('explanation');

form.addEventListener('submit', (event) => {
  event.preventDefault();
  explain().catch((error: Error) => result.replaceChildren(el('p', { class: 'findings' }, error.message)));
});

async function explain(): Promise<void> {
  const fields = [...new FormData(form)].map(([name, value]) => [name, String(value).trim()] as [string, string]);
  const query = new URLSearchParams(fields.filter(([, value]) => value !== ''));
  const response = await fetch(`explain.json?${query}`, { signal: AbortSignal.timeout(20_000) });
  const answer = (await response.json()) as Explanation & { error?: string; valid?: Record<string, readonly string[]> };
  if (!response.ok) {
    const valid = Object.entries(answer.valid ?? {}).map(([name, values]) => `; ${name}: ${values.join(', ')}`);
    throw new Error(`${answer.error ?? response.statusText}${valid.join('')}`);
  }
  result.replaceChildren(...explanation(answer));
}

const dispositions: Readonly<Record<string, string>> = {
  relay: 'is relayed',
  local: 'is local',
  discard: 'is accepted and dropped',
};

function explanation({ client, steps, recipients }: Explanation): readonly Child[] {
  const played = steps.map(({ command, decisions, reply }) => {
    const outcome = reply.code < 400 ? 'permit' : reply.code < 500 ? 'defer' : 'refuse';
    const traces = decisions.map(({ outcome: own, rule, at, attributes, note, observed }) =>
      line(
        '',
        badge(own),
        ` ${rule} `,
        ...(at ? [place(at)] : []),
        el('span', { class: 'entry' }, attributes === undefined ? '' : ` ${attributes}`),
        el('span', { class: 'comment' }, note === undefined ? '' : ` ${note}`, observed ? ' only observed' : ''),
      ),
    );
    const text = line('', '→ ', el('code', {}, `${reply.code} ${reply.text.split('\n')[0]}`));
    return el('li', { class: outcome }, line('', el('strong', {}, command)), ...traces, text);
  });
  const ends = recipients.map(({ address, disposition, queue }) =>
    el(
      'p',
      {},
      el('strong', {}, address),
      ` ${dispositions[disposition] ?? disposition}${queue === null ? '' : `: to ${queue}`}`,
    ),
  );
  return [
    el('p', { class: 'muted' }, `Client ${client.ip} (${client.name})`),
    el('ol', { class: 'steps' }, ...played),
    ...ends,
  ];
}
