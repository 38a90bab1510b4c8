/** The names that a sendmail.mc can use, as sendmail's own files have them: cf/README, cf/m4/cfhead.m4 and cf/feature. */

export interface SendmailSources {
  /** cf/README. */
  readonly readme: string;
  /** m4/cfhead.m4, which defines the macros of a sendmail.mc. */
  readonly head: string;
  /** The names of the files in cf/feature. */
  readonly featureFiles: readonly string[];
}

/** One name a line: `FEATURE access_db`, `define confCR_FILE`, `macro RELAY_DOMAIN`. */
export function sendmailNames({ readme, head, featureFiles }: SendmailSources): readonly string[] {
  const features = [
    ...matches(section(readme, 'FEATURES'), /^([a-z][a-z_A-Z0-9]*)(?:\t|$)/gm),
    ...featureFiles.map((name) => name.replace(/\.m4$/, '')),
  ];
  const defines = [
    ...matches(section(readme, 'TWEAKING CONFIGURATION OPTIONS'), /^(conf[A-Z][A-Z0-9_]*)/gm),
    ...matches(section(readme, 'OSTYPE'), /^([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:\s|$)/gm),
    ...matches(readme, /\bdefine\(`([A-Za-z][A-Za-z0-9_]*)'/g),
  ];
  const described = new Set(readme.match(/\b[A-Z][A-Z0-9_]+\b/g));
  const macros = matches(head, /^define\(`([A-Z][A-Z0-9_]*)'/gm).filter((name) => described.has(name));
  return [...sorted('FEATURE', features), ...sorted('define', defines), ...sorted('macro', macros)];
}

/** The text of a chapter, up to the next heading in its box. */
function section(readme: string, title: string): string {
  const start = readme.indexOf(`\n| ${title} |\n`);
  const end = readme.indexOf('\n| ', start + 1);
  return start < 0 ? '' : readme.slice(start, end < 0 ? undefined : end);
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '');
}

function sorted(kind: string, names: readonly string[]): string[] {
  return [...new Set(names)].sort().map((name) => `${kind} ${name}`);
}
