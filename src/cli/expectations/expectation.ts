/**
 * A file of expectations, one a line: `CLIENT [ptr=NAME] -> RECIPIENT[, RECIPIENT] EXPECTED[, EXPECTED]`. Its grammar is in
 * docs/reference/cli-test.md. It is read as a whole or not at all.
 */
import { nullSender } from '../../policy/attributes/sender-scope';
import { canonicalDomain, parseDomainName } from '../../policy/entries/domain-name';
import {
  formatNetwork,
  hasHostBits,
  maskAddress,
  parseAddress,
  parseAddressLiteral,
  widthOf,
} from '../../policy/entries/ip-address';
import { formatRoute, parseRoute } from '../../policy/entries/route';
import { badCharacterOf, shortened } from '../../policy/findings/characters';
import { foldLocalPart } from '../../policy/mailbox';
import type { MailQuestion, NameQuestion } from '../../policy/sets/mail-question';
import { nearest } from '../../policy/settings/suggest';

export const outcomes = ['relay', 'local', 'discard', 'refuse', 'defer', 'pass'] as const;

export interface Expected {
  readonly outcome: (typeof outcomes)[number];
  /** With `refuse` and `defer`. */
  readonly code?: number;
  readonly enhanced?: string;
  /** With `relay`: a next hop as `formatRoute` has it, or `mx` for none. */
  readonly via?: string;
  /** `file:line` of the entry that must decide. */
  readonly at?: string;
  /** As it is written. */
  readonly text: string;
}

/** One recipient of a line. */
export interface Expectation {
  readonly line: number;
  readonly column: number;
  /** Client and recipient as they are written. */
  readonly name: string;
  readonly question: MailQuestion;
  readonly expected: Expected;
}

export interface Fault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface ParsedFile {
  readonly expectations: readonly Expectation[];
  readonly faults: readonly Fault[];
}

export function parseExpectations(text: string): ParsedFile {
  const expectations: Expectation[] = [];
  const faults: Fault[] = [];
  for (const [index, line] of text.split(/\r\n|\n/).entries()) {
    const bad = badCharacterOf(line.replace(/\t/g, ' '));
    try {
      if (bad) throw new At(1, `the line holds ${bad}, which can hide text; take it out`);
      expectations.push(...new LineParser(line, index + 1).parse());
    } catch (error) {
      if (!(error instanceof At)) throw error;
      faults.push({ line: index + 1, column: error.column, message: error.message });
    }
  }
  return { expectations, faults };
}

/** What is wrong, and where in the line. */
class At extends Error {
  constructor(
    readonly column: number,
    message: string,
  ) {
    super(message);
  }
}

interface Word {
  readonly text: string;
  readonly column: number;
}

class LineParser {
  private readonly words: Word[];
  private readonly end: number;
  private next = 0;

  constructor(
    line: string,
    private readonly number: number,
  ) {
    // SMTP allows a # in a local part, so only one behind a blank begins a comment.
    const code = line.replace(/(?:^|[ \t])#.*$/, '');
    this.end = code.trimEnd().length + 1;
    this.words = [...code.matchAll(/[^ \t]+/g)].map(({ 0: text, index }) => ({ text, column: index + 1 }));
  }

  parse(): Expectation[] {
    const [first] = this.words;
    if (!first) return [];
    const clients = readClients(this.take('a client: an address or a network'));
    const names: NameQuestion[] = [];
    let sender: string | undefined;
    while (this.peek() && this.peek()?.text !== '->') {
      const option = readOption(this.take(''));
      if (typeof option === 'string') sender = option;
      else names.push(option);
    }
    const arrow = this.take('-> and a recipient');
    const recipients = this.takeList((word) => [word.text, word] as const, 'a recipient');
    const expected = this.takeExpected();
    if (expected.length !== 1 && expected.length !== recipients.length) {
      const column = expected[1]?.column ?? arrow.column;
      throw new At(
        column,
        `${expected.length} results for ${recipients.length} recipients; write one, or one for each`,
      );
    }
    const client = this.words.slice(0, this.words.indexOf(arrow)).map(({ text }) => text);
    return recipients.map(([text, word], i) => ({
      line: this.number,
      column: word.column,
      name: `${client.join(' ')} -> ${text}`,
      question: { clients, names, ...readRecipient(text, word), ...(sender !== undefined && { sender }) },
      expected: readExpected((expected[i] ?? expected[0]) as PhraseOfWords),
    }));
  }

  private peek(): Word | undefined {
    return this.words[this.next];
  }

  private take(what: string): Word {
    const word = this.words[this.next++];
    if (!word) throw new At(this.end, `the line ends where there should be ${what}`);
    return word;
  }

  /** Words of which each but the last ends in a comma. */
  private takeList<T>(read: (word: Word) => T, what: string): T[] {
    const items: T[] = [];
    for (;;) {
      const { text, column } = this.take(what);
      const isLast = !text.endsWith(',');
      items.push(read({ text: isLast ? text : text.slice(0, -1), column }));
      if (isLast) return items;
    }
  }

  private takeExpected(): PhraseOfWords[] {
    const phrases: PhraseOfWords[] = [];
    do {
      const words: Word[] = [];
      let isLast = false;
      while (!isLast) {
        const { text, column } = this.take(`a result: ${outcomes.join(', ')}`);
        isLast = text.endsWith(',') || this.peek() === undefined;
        words.push({ text: text.replace(/,$/, ''), column });
        if (text.endsWith(',') && this.peek() === undefined) this.take('another result');
      }
      phrases.push({ words, column: words[0]?.column ?? 1 });
    } while (this.peek());
    return phrases;
  }
}

interface PhraseOfWords {
  readonly words: readonly Word[];
  readonly column: number;
}

function readClients({ text, column }: Word): MailQuestion['clients'] {
  const [written = '', lengthText, ...more] = text.split('/');
  const address = parseAddress(written);
  if (!address || more.length > 0 || written.includes('%')) {
    throw new At(column, `${shortened(text)} is no address or network; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32`);
  }
  const width = widthOf(address.family);
  const length = lengthText === undefined ? width : /^[0-9]{1,3}$/.test(lengthText) ? Number(lengthText) : width + 1;
  if (length > width) throw new At(column, `${shortened(text)} has no length from 0 to ${width}`);
  if (hasHostBits(address, length)) {
    const network = formatNetwork({ address: maskAddress(address, length), length });
    throw new At(column, `${text} has host bits set; write ${network}`);
  }
  return { address, length };
}

const options = ['ptr', 'forged-ptr', 'from'] as const;

/** A name, or the domain of the sender. */
function readOption({ text, column }: Word): NameQuestion | string {
  const [, key = '', value = ''] = /^([a-z-]+)=(.*)$/i.exec(text) ?? [];
  if (!(options as readonly string[]).includes(key)) {
    const near = nearest(key || text, options);
    const hint = near ? `; did you mean ${near}=?` : `; write ${options.map((o) => `${o}=`).join(', ')} or ->`;
    throw new At(column, `${shortened(text)} is not known here${hint}`);
  }
  if (key === 'from') {
    const [, domain] = /^[^@]+@([^@]+)$/.exec(value) ?? [];
    if (value !== '' && domain === undefined) throw new At(column, `${shortened(text)} holds no address`);
    return domain === undefined ? nullSender : canonicalDomain(domain);
  }
  return { name: readName(value, column), isConfirmed: key === 'ptr' };
}

/** `name` or `*.name`. */
function readName(text: string, column: number): string {
  const isSet = text.startsWith('*.');
  const name = parseDomainName(isSet ? text.slice(2) : text);
  if (name === undefined)
    throw new At(column, `${shortened(text)} is no name; write host.example.org or *.example.org`);
  return isSet ? `*.${name}` : name;
}

function readRecipient(text: string, { column }: Word): Pick<MailQuestion, 'localPart' | 'domain'> {
  const at = text.lastIndexOf('@');
  const localPart = at < 0 ? text : text.slice(0, at);
  if (at < 0 && localPart.toLowerCase() === 'postmaster') return { localPart, domain: '' };
  if (at < 0)
    throw new At(
      column,
      `${shortened(text)} is no recipient; write user@example.org, or *@example.org for anybody there`,
    );
  if (localPart !== '*' && foldLocalPart(localPart) === undefined) {
    const hint = text.includes(',') ? 'is not one recipient; write a blank behind each comma' : 'has no local part';
    throw new At(column, `${shortened(text)} ${hint}`);
  }
  const domain = text.slice(at + 1);
  if (parseAddressLiteral(domain)) return { localPart, domain: canonicalDomain(domain) };
  return { localPart, domain: readName(domain, column) };
}

function readExpected({ words, column }: PhraseOfWords): Expected {
  const text = words.map((word) => word.text).join(' ');
  const [verb, ...rest] = words as readonly [Word, ...Word[]];
  const outcome = outcomes.find((known) => known === verb.text);
  if (!outcome) {
    const near = nearest(verb.text, outcomes);
    throw new At(
      column,
      `${shortened(verb.text)} is no result${near ? `; did you mean ${near}?` : `; write ${outcomes.join(', ')}`}`,
    );
  }
  let left = rest;
  const more: { code?: number; enhanced?: string; via?: string; at?: string } = {};
  const isRefusal = outcome === 'refuse' || outcome === 'defer';
  if (isRefusal && left[0] && /^[0-9]/.test(left[0].text)) {
    more.code = codeOf(left[0], outcome);
    left = left.slice(1);
    if (left[0] && /^[0-9.]+$/.test(left[0].text)) {
      more.enhanced = enhancedOf(left[0], more.code);
      left = left.slice(1);
    }
  }
  if (outcome === 'relay' && left[0]?.text === 'via') {
    more.via = routeOf(left[1] ?? { text: '', column: left[0].column });
    left = left.slice(2);
  }
  if (left[0] && /^.+:[1-9][0-9]*$/.test(left[0].text)) {
    more.at = left[0].text;
    left = left.slice(1);
  }
  const [unknown] = left;
  if (unknown) {
    const hint = isRefusal ? 'a code, as in refuse 550 5.7.1' : outcome === 'relay' ? 'via and a next hop' : 'nothing';
    throw new At(
      unknown.column,
      `${shortened(unknown.text)} is not known here: behind ${outcome} there may be ${hint}, and file:line`,
    );
  }
  return { outcome, text, ...more };
}

function codeOf({ text, column }: Word, outcome: 'refuse' | 'defer'): number {
  const first = outcome === 'refuse' ? '5' : '4';
  if (/^[45][0-9]{2}$/.test(text) && text.startsWith(first)) return Number(text);
  throw new At(
    column,
    `${shortened(text)} is no code of a reply that ${outcome}s: it has three digits, and starts with ${first}`,
  );
}

function enhancedOf({ text, column }: Word, code: number): string {
  if (/^[45]\.[0-9]{1,3}\.[0-9]{1,3}$/.test(text) && text.startsWith(String(code).slice(0, 1))) return text;
  throw new At(column, `${shortened(text)} is no enhanced code for ${code}; write it as 5.7.1`);
}

function routeOf({ text, column }: Word): string {
  if (text === 'mx') return text;
  const route = parseRoute(text);
  if (!route)
    throw new At(column, `${shortened(text) || 'via'} has no next hop; write [192.0.2.5]:25, mx.example.net or mx`);
  return formatRoute(route);
}
