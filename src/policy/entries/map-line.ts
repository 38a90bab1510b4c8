/**
 * One line of `relay.map`: what its key speaks of and its value, or what is wrong with it. Keys may carry `Connect:` (the
 * client) or `To:` (the recipient); without a tag a key speaks of both.
 */

import { isAttribute, parseAttributes } from '../attributes/attribute-words';
import type { Attributes } from '../attributes/attributes';
import { formatReply, longestReply, type Reply, reply } from '../decision';
import { shortened } from '../findings/characters';
import { foldLocalPart } from '../mailbox';
import { parsePlainEntry } from '../tables/plain-entry';
import { isProblem, type Problem, parseEntry } from './entry';
import type { EntryKey } from './entry-tables';
import { faultOfLine, type Line } from './lines';
import type { MapValue } from './map-value';

export interface MapRow {
  readonly side: 'connect' | 'to' | 'both';
  readonly key: EntryKey;
  readonly value: MapValue;
  readonly attributes?: Pick<Attributes, 'until'>;
}

/** The value is a reply, whatever its text. */
const replyValue = /^\S+[ \t]+(?:ERROR:|[0-9]{3}(?:\s|$))/i;

/** Reads a line of which comment and outer blanks are gone already. Never throws. */
export function parseMapLine(line: Line): MapRow | Problem {
  // The text of a reply may hold a `;`, and what a client reads must not end there.
  if (line.hasSemicolonComment && replyValue.test(line.text)) line.takeSemicolon();
  const wrong = faultOfLine(line);
  if (wrong) return wrong;
  const match = /^(\S+)(?:[ \t]+(.*))?$/s.exec(line.text);
  const written = match?.[1] ?? '';
  const { valueText, attributeWords } = splitValue(match?.[2]);
  // No tag is made of hexadecimal digits alone: `dead:beef::1` starts with an address. Nor has one digits: `IPv6:` is none.
  const tag = /^(?=[a-f]*[g-z_])([a-z_]+):/i.exec(written);
  const name = tag?.[1]?.toLowerCase();
  const keyText = tag ? written.slice(tag[0].length) : written;
  if (valueText === undefined) return { problem: 'map-value-missing' };
  // A sender address is only a claim: From: with RELAY opens the relay to whoever knows a name.
  if (name === 'from' && /^relay$/i.test(valueText)) return { problem: 'map-from-relay' };
  if (name !== undefined && name !== 'connect' && name !== 'to') {
    return { problem: 'map-tag-unknown', detail: shortened(tag?.[1] ?? '') };
  }
  const side = name === 'connect' || name === 'to' ? name : 'both';
  const key = parseKey(keyText);
  if (isProblem(key)) return key;
  if (side === 'connect' && (key.kind === 'mailbox' || key.kind === 'user')) return { problem: 'map-key-syntax' };
  const value = parseValue(valueText);
  if (isProblem(value)) return value;
  if (key.kind === 'user' && value.action === 'relay') return { problem: 'map-user-relay' };
  if (attributeWords.length === 0) return { side, key, value };
  const attributes = parseAttributes(attributeWords, ['until'], 'in relay.map');
  return isProblem(attributes) ? attributes : { side, key, value, attributes };
}

/**
 * Attributes are the last words of the line, whatever its value is. The text of a reply may hold any other word that looks
 * like one, and an `until=` within its quotes.
 */
function splitValue(text: string | undefined): {
  readonly valueText: string | undefined;
  readonly attributeWords: readonly string[];
} {
  const attributeWords: string[] = [];
  if (!text?.includes('=')) return { valueText: text, attributeWords };
  const isReply = startsReply.test(text);
  let left = text;
  for (let last = lastWord.exec(left); last; last = lastWord.exec(left)) {
    const word = last[1] as string;
    if (!(isReply ? /^until=[^"]*$/.test(word) : isAttribute(word))) break;
    attributeWords.unshift(word);
    left = left.slice(0, last.index);
  }
  return { valueText: left === '' ? undefined : left, attributeWords };
}

const lastWord = /(?:^|[ \t]+)(\S+)$/;
const startsReply = /^(?:ERROR:|[0-9]{3}(?:\s|$))/i;

function parseKey(text: string): MapRow['key'] | Problem {
  if (text.endsWith('@')) {
    const localPart = foldLocalPart(text.slice(0, -1));
    return localPart === undefined ? { problem: 'map-key-syntax' } : { kind: 'user', localPart };
  }
  if (text.startsWith('!') || text.startsWith('=')) return { problem: 'map-key-syntax' };
  return parsePlainEntry(text) ?? parseEntry(text.replace(/^ipv6:/i, ''));
}

function parseValue(text: string): MapValue | Problem {
  switch (text.toUpperCase()) {
    case 'RELAY':
      return { action: 'relay' };
    case 'OK':
    case 'SKIP':
      return { action: 'none' };
    case 'DISCARD':
      return { action: 'discard' };
    case 'REJECT':
      return { action: 'reply', reply: reply(550, '5.7.1', 'Access denied') };
  }
  const error = /^ERROR:(.*)$/is.exec(text);
  const written = error?.[1] ?? text;
  if (!error && !/^[0-9]{3}(?:\s|$)/.test(text)) return { problem: 'map-value-unknown' };
  // Quotes stand around code and text (sendmail's own way to write it), or around the text alone.
  const parts =
    /^(?:([245])\.([0-9]{1,3})\.([0-9]{1,3}):)?\s*([0-9]{3})(?:\s+([245])\.([0-9]{1,3})\.([0-9]{1,3}))?\s+([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/.exec(
      written.replace(/^((?:[0-9.]+:)?\s*)"(.*)"$/, '$1$2'),
    );
  if (!parts) return { problem: 'map-reply-syntax' };
  const said = (parts[8] as string).replace(/^"([^"]*)"$/, '$1').trim();
  if (said === '') return { problem: 'map-reply-syntax' };
  const code = Number(parts[4]);
  const kind = Math.floor(code / 100);
  if (kind !== 4 && kind !== 5) return { problem: 'map-reply-syntax', detail: 'a code that starts with 4 or 5' };
  const given = parts[1] ?? parts[5];
  if (given !== undefined && Number(given) !== kind) {
    return { problem: 'map-reply-syntax', detail: `an enhanced code that starts with ${kind}` };
  }
  const subject = Number(parts[2] ?? parts[6] ?? 7);
  const detail = Number(parts[3] ?? parts[7] ?? 1);
  const answer: Reply = { code, enhanced: [kind, subject, detail], text: said };
  // It is ASCII: a character is an octet. CRLF ends the line.
  if (formatReply(answer).length + 2 > longestReply) {
    return { problem: 'map-reply-syntax', detail: `a line of at most ${longestReply} octets, code and CRLF included` };
  }
  return { action: 'reply', reply: answer };
}
