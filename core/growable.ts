/**
 * Typed arrays that grow while a list is read. Lists are columns of numbers, not objects: a million entries cost what
 * their numbers cost, give the garbage collector nothing to walk, and move between threads without a copy.
 */

interface Column extends ArrayLike<number> {
  set(from: ArrayLike<number>, offset: number): void;
}

class Growable<A extends Column> {
  protected filled = 0;

  constructor(
    protected array: A,
    private readonly make: (length: number) => A,
    private readonly cut: (array: A, end: number) => A,
  ) {}

  get length(): number {
    return this.filled;
  }

  protected room(more: number): void {
    if (this.filled + more <= this.array.length) return;
    const grown = this.make(Math.max(this.array.length * 2, this.filled + more, 16));
    grown.set(this.array, 0);
    this.array = grown;
  }

  /** The filled part, in an array of exactly that size. */
  finish(): A {
    return this.cut(this.array, this.filled);
  }
}

export class GrowableUint32 extends Growable<Uint32Array<ArrayBuffer>> {
  constructor() {
    super(
      new Uint32Array(16),
      (length) => new Uint32Array(length),
      (array, end) => array.slice(0, end),
    );
  }

  push(value: number): void {
    this.room(1);
    this.array[this.filled++] = value;
  }
}

export class GrowableUint8 extends Growable<Uint8Array<ArrayBuffer>> {
  constructor() {
    super(
      new Uint8Array(64),
      (length) => new Uint8Array(length),
      (array, end) => array.slice(0, end),
    );
  }

  push(value: number): void {
    this.room(1);
    this.array[this.filled++] = value;
  }

  /** Appends text whose characters all fit a byte. */
  pushText(text: string): void {
    this.room(text.length);
    for (let i = 0; i < text.length; i++) this.array[this.filled++] = text.charCodeAt(i);
  }
}
