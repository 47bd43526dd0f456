import type { Code, Local } from '../encoder/code.ts';
import { FLOAT } from '../storage.ts';

/** Loads four pixels, `stride` apart in a row, into a vector. */
export function loadPixels(
  code: Code,
  {
    address,
    offset,
    stride,
    into,
  }: {
    readonly address: Local<'i32'>;
    readonly offset: number;
    readonly stride: number;
    readonly into: Local<'v128'>;
  },
): void {
  code.get(address);
  if (stride === 1) {
    code.memory('v128.load', offset);
  } else if (stride === 2) {
    code.memory('v128.load', offset);
    code.get(address);
    code.memory('v128.load', offset + 4 * FLOAT);
    code.shuffle([0, 2, 4, 6]);
  } else {
    code.memory('v128.load32_zero', offset);
    code.set(into);
    for (const lane of [1, 2, 3]) {
      code.get(address);
      code.get(into);
      code.lane('v128.load32_lane', lane, offset + lane * stride * FLOAT);
      if (lane < 3) code.set(into);
    }
  }
  code.set(into);
}
