/** Texts of single-byte characters behind each other in one array: plain data that moves to another thread without a copy. */
import { GrowableUint8, GrowableUint32 } from './growable';

export interface TextPoolData {
  readonly bytes: Uint8Array;
  /** Where each text starts; one more than texts, so that the next start ends the text. */
  readonly starts: Uint32Array;
}

export class TextPoolBuilder {
  private readonly bytes = new GrowableUint8();
  private readonly starts = new GrowableUint32();

  add(text: string): void {
    this.starts.push(this.bytes.length);
    this.bytes.push(Buffer.from(text, 'latin1'));
  }

  build(): TextPoolData {
    this.starts.push(this.bytes.length);
    return { bytes: this.bytes.finish(), starts: this.starts.finish() };
  }
}

export function textAt({ bytes, starts }: TextPoolData, index: number): string {
  return String.fromCharCode(...bytes.subarray(starts[index], starts[index + 1]));
}
