/** Annotations of a GitHub workflow. */
import { printable, printableMessage } from '../policy/findings/characters';

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
  /** A path in the repository; absent for what stands on no line. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** A workflow command of GitHub Actions: data and properties have their own escapes. */
export function githubLine({ level, title, message, file, line, column }: Annotation): string {
  const data = (text: string) => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
  const property = (text: string) => data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
  const place = [
    ...(file === undefined ? [] : [`file=${property(file)}`]),
    ...(line === undefined ? [] : [`line=${line}`]),
    ...(column === undefined ? [] : [`col=${column}`]),
    `title=${property(title)}`,
  ];
  return `${printable(`::${level} ${place.join(',')}`)}::${printableMessage(data(message))}`;
}
