/** The transcript of an audit: each line with its connection and time, kept raw and made printable only for output. */
import { printable } from '../../policy/findings/characters';

export interface TranscriptLine {
  /** Milliseconds since the audit began. */
  readonly at: number;
  readonly connection: string;
  /** `>` we wrote, `<` they wrote, `*` something happened. */
  readonly mark: '>' | '<' | '*';
  readonly text: string;
}

export class Transcript {
  readonly recorded: TranscriptLine[] = [];
  readonly #began = Date.now();

  add(connection: string, mark: TranscriptLine['mark'], text: string): void {
    this.recorded.push({ at: Date.now() - this.#began, connection, mark, text });
  }

  lines(): string[] {
    return this.recorded.map(
      ({ at, connection, mark, text }) => `${(at / 1000).toFixed(3)} ${connection} ${mark} ${printable(text)}`,
    );
  }
}

export function shortened(text: string, length = 120): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
