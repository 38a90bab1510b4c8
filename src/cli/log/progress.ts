/** How far a long command is: a bar on a terminal, nothing anywhere else. */
import type { Output } from '../io';

const width = 30;

export class Progress {
  private done = 0;
  private last = Date.now();
  private isShown = false;

  /** `total` bytes; not a number where that is not known. `pace`: milliseconds between two bars. */
  constructor(
    private readonly output: Output,
    private readonly total: number,
    private readonly pace = 200,
  ) {}

  /** The same bytes, counted. */
  async *watched(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) {
      this.done += piece.length;
      yield piece;
    }
  }

  show(lines: number): void {
    if (this.output.isTTY !== true || Date.now() - this.last < this.pace) return;
    this.last = Date.now();
    this.isShown = true;
    const share = Number.isNaN(this.total) ? undefined : Math.min(1, this.done / Math.max(1, this.total));
    const bar =
      share === undefined ? '' : `[${'='.repeat(Math.round(share * width)).padEnd(width)}] ${percent(share)}  `;
    this.output.write(`\r\u001b[K${bar}${lines.toLocaleString('en')} lines`);
  }

  /** Removes the bar: results may go to the same terminal. */
  end(): void {
    if (this.isShown) this.output.write('\r\u001b[K');
  }
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`.padStart(5);
}
