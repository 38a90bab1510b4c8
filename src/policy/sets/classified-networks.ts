/** Networks with their classes: the result of a walk over tables, however many they are. */
import type { Network } from '../entries/containment';
import { type IpAddress, widthOf } from '../entries/ip-address';
import { GrowableUint32 } from '../tables/growable';

export interface ClassifiedNetwork {
  readonly network: Network;
  readonly itsClass: number;
}

/** In columns: a million networks make no objects. */
export class ClassifiedNetworks {
  private readonly numbers = new GrowableUint32();

  constructor(private readonly family: IpAddress['family']) {}

  get count(): number {
    return this.numbers.length / 6;
  }

  add(address: IpAddress, length: number, itsClass: number): void {
    for (const number of [address.w0, address.w1, address.w2, address.w3, length, itsClass]) this.numbers.push(number);
  }

  /** In the order of their addresses. */
  *inOrder(): Generator<ClassifiedNetwork> {
    const all = this.numbers.soFar();
    const order = Uint32Array.from({ length: this.count }, (_, i) => i * 6).sort((a, b) => {
      for (let word = 0; word < 4; word++) {
        const difference = (all[a + word] as number) - (all[b + word] as number);
        if (difference !== 0) return difference;
      }
      return 0;
    });
    for (const at of order) {
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0, length = 0, itsClass = 0] = all.subarray(at, at + 6);
      yield { network: { address: { family: this.family, w0, w1, w2, w3 }, length }, itsClass };
    }
  }
}

/** Both whole families. */
export const everyAddress: readonly Network[] = ([4, 6] as const).map((family) => ({
  address: { family, w0: 0, w1: 0, w2: 0, w3: 0 },
  length: 0,
}));

export function addressCount({ address, length }: Network): bigint {
  return 1n << BigInt(widthOf(address.family) - length);
}
