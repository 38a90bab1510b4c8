/**
 * Why no test notices these mutants of core, by the file and the line that the mutant makes. docs/mutation.md shows them,
 * and `npm run test:mutation` holds them against what it finds: a survivor without explanation fails it, and so does an
 * explanation that has lost its survivor.
 */
export interface Explanation {
  readonly title: string;
  readonly why: string;
  /** By file; a line twice where two places of the file read the same. */
  readonly survivors: Readonly<Record<string, readonly string[]>>;
}

export const explanations: readonly Explanation[] = [
  {
    title: 'Another way to the same answer',
    why: `A short cut in front of the general way: an empty table, ASCII text, an equal hash, the index of a large list, words
already known to differ. Without it the answer is the same and comes later; \`npm run bench\` holds the time.`,
    survivors: {
      'core/list.ts': [
        'if (true) {',
        'if (this.mailboxes.size >= 0) {',
        'const route = true ? routeOf(this.data.routes, hit.payload) : undefined;',
        'const route = hit.payload >= 0 ? routeOf(this.data.routes, hit.payload) : undefined;',
        'if (false) return plain;',
        'if (false) return findings;',
      ],
      'core/mailbox.ts': [
        `return isAscii(key) ? key : Buffer.from(key, "").toString('latin1');`,
        "if (true) content = content.normalize('NFKC');",
      ],
      'core/name-table.ts': [
        'function spread(hash: number): number {}',
        'if (true && sameKey(data, there - 1, row)) {',
        'if (false) return undefined;',
        'if (false) return undefined;',
        'if (true && this.equals(row, text, start, end)) return row;',
      ],
      'core/relay-decision.ts': [
        'if (false) return false;',
        'if (false) return [];',
        'const names = map.usesClientNames ? clientNames.claimed : ["Stryker was here"];',
      ],
      'core/relay-map.ts': [
        'if (true) {',
        'if (this.mailboxes.size >= 0 || this.users.size > 0) {',
        'if (this.mailboxes.size > 0 || this.users.size >= 0) {',
      ],
    },
  },
  {
    title: 'A place that is known already',
    why: `Where a pattern begins or ends, or that a sign is not the first, is settled before: by an earlier condition, by a match
that takes all there is, or because the empty part before the sign is refused.`,
    survivors: {
      'core/entry.ts': [
        `return suggest('address-leading-zero', \`\${use}\${slash <= 0 ? '' : text.slice(slash)}\`);`,
        'if (slash > 0) {',
        "if (/^ipv6:/i.test(text)) return suggest('address-syntax', text.replace(/(?:ipv6:)+/i, ''));",
        "return suggest('address-zone', written.slice(0, written.indexOf('%')) + (slash <= 0 ? '' : text.slice(slash)));",
        "if (slash <= 0) return { kind: 'network', address, length: widthOf(address.family) };",
        "return written.replace(/(?:\\*?\\.)+/, '');",
      ],
      'core/relay-decision.ts': [
        "if (domain.startsWith('[')) return /\\[ipv6:/i.test(domain) && parseAddressLiteral(domain)?.family === 4;",
      ],
      'core/relay-map.ts': [
        'const match = /(\\S+)(?:[ \\t]+(.*))?$/s.exec(line.text);',
        'const match = /^(\\S+)(?:[ \\t]+(.*))?/s.exec(line.text);',
        'const match = /^(\\S+)(?:[ \\t]+(.*))$/s.exec(line.text);',
        'const error = /^ERROR:(.*)/is.exec(text);',
      ],
    },
  },
  {
    title: 'What cannot be there',
    why: `Defaults for the compiler and for faults of our own: a pattern that matched has its groups, every permit that is sent on
names its line, no network has length 0, and the defaults of settings are values.`,
    survivors: {
      'core/list.ts': ['const [word = "Stryker was here!", ...rest] = line.text.split(/[ \\t]+/);'],
      'core/relay-decision.ts': [
        "return at ? { outcome, rule, at, way: 'relay' } : {};",
        `return at ? { outcome, rule, at, way: 'relay' } : { outcome, rule, way: "" };`,
      ],
      'core/relay-map.ts': [
        "const written = match[1] ?? '';",
        'const written = match?.[1] ?? "Stryker was here!";',
        'const valueText = match[2];',
        'const name = tag?.[1].toLowerCase();',
        "return { problem: 'map-tag-unknown', detail: tag[1] ?? '' };",
        `return { problem: 'map-tag-unknown', detail: tag?.[1] ?? "Stryker was here!" };`,
      ],
    },
  },
  {
    title: 'Any text would do',
    why: `The default stands for no text at all, and Stryker's text means the same there: it is ASCII, and it is no local part.`,
    survivors: {
      'core/relay-decision.ts': [
        'if (isImpossibleDomain(recipient.domain) || isDisguised(recipient.writtenDomain ?? "Stryker was here!", recipient.domain)) {',
        'const entry = policy.destinations.findRecipient({ localPart: "Stryker was here!", domain });',
      ],
    },
  },
  {
    title: 'A value that nobody reads',
    why: `Rows of \`relay.map\` exclude nothing, and what \`RelayMap\` finds does not tell whether they do; a value without a reply
has no text.`,
    survivors: {
      'core/relay-map.ts': [
        'networks.add(key.address, key.length, line, true, payload);',
        'this.domains.add(key.name, line, true, payload);',
        'this.mailboxes.add(mailboxKey(key.localPart, key.domain), line, true, payload);',
        "this.users.add(mailboxKey(key.localPart, ''), line, true, payload);",
      ],
    },
  },
  {
    title: 'A step beyond the end',
    why: `What is written beyond the end of a typed array is gone, or the next step overwrites it; a row too many equals no key.`,
    survivors: {
      'core/name-table.ts': ['for (let row = 0; row <= count; row++) {'],
    },
  },
];
