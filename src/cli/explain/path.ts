/** The argument of MAIL and RCPT as Haraka 3.3 reads it (its rfc1869.js, and its address parser's limits). */
import { Address as ParsedAddress } from 'address-rfc2821';
import { canonicalDomain } from '../../policy/entries/domain-name';
import { isAscii } from '../../policy/findings/characters';
import type { Address } from '../../types/haraka';

export interface Path {
  readonly address: Address;
  /** ESMTP parameters by name; `undefined` for one without a value. */
  readonly params: ReadonlyMap<string, string | undefined>;
}

const keywords = { mail: /^from:(\s*)/i, rcpt: /^to:(\s*)/i };
const parameter = /\s(\S+)$/;
const parameterForm = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^= \x00-\x1f]+))?$/;

/** `undefined` where Haraka answers 501. `strict` is its `strict_rfc1869`. */
export function parsePath(command: keyof typeof keywords, rest: string, strict: boolean): Path | undefined {
  const keyword = keywords[command].exec(rest);
  if (!keyword || (strict && keyword[1] !== '')) return undefined;
  let left = rest.slice(keyword[0].length).trimEnd();
  const words: string[] = [];
  for (let found = parameter.exec(left); found; found = parameter.exec(left)) {
    if (!parameterForm.test(found[1] as string)) break;
    words.unshift(found[1] as string);
    left = left.slice(0, found.index).trimEnd();
  }
  if (/\s/.test(left) && !/^<.*>$/.test(left)) return undefined;
  // A path without brackets may look like a parameter: `MAIL FROM: user=name@example.net`.
  const path = left === '' ? (words.shift() ?? '') : left;
  const isBracketed = /^<.*>$/.test(path);
  if (strict && !isBracketed) return undefined;
  const address = parseAddress(command === 'rcpt' && path.includes('@') && !isBracketed ? `<${path}>` : path);
  return address && { address, params: new Map(words.map(parseParameter)) };
}

function parseParameter(word: string): readonly [string, string | undefined] {
  const [, name = '', value] = parameterForm.exec(word) ?? [];
  return [name.toUpperCase(), value];
}

function parseAddress(path: string): Address | undefined {
  let parsed: ParsedAddress;
  try {
    parsed = new ParsedAddress(path);
  } catch {
    return undefined;
  }
  const { user, host, original_host: written = '' } = parsed;
  const address = { user, host, original_host: written, format: () => parsed.format() };
  if (written.startsWith('[')) return address;
  // RFC 1035 §2.3.4; the parser of Haraka 3.1 lets longer labels through, and maps other characters otherwise.
  if (written.split('.').some((label) => Buffer.byteLength(label) > 63)) return undefined;
  if (isAscii(written)) return address;
  const domain = canonicalDomain(written);
  return domain === '' ? undefined : { ...address, host: domain };
}
