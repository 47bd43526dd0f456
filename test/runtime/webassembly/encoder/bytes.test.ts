import { expect, it } from 'vitest';
import { openBytes } from '../../../../src/runtime/webassembly/encoder/bytes.ts';

const written = (write: (bytes: ReturnType<typeof openBytes>) => void): number[] => {
  const bytes = openBytes();
  write(bytes);
  return [...bytes.result()];
};

// Examples of the specification of DWARF, figures 22 and 23, and the ends of the range.
it.each([
  [0, [0]],
  [2, [2]],
  [127, [0x7f]],
  [128, [0x80, 1]],
  [129, [0x81, 1]],
  [12857, [0xb9, 0x64]],
  [624485, [0xe5, 0x8e, 0x26]],
  [0xffffffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
])('unsigned %d in LEB128', (value, bytes) => {
  expect(written((out) => out.unsigned(value))).toEqual(bytes);
});

it.each([
  [2, [2]],
  [-2, [0x7e]],
  [63, [0x3f]],
  [64, [0xc0, 0]],
  [-64, [0x40]],
  [-65, [0xbf, 0x7f]],
  [127, [0xff, 0]],
  [-127, [0x81, 0x7f]],
  [-123456, [0xc0, 0xbb, 0x78]],
  [0x7fffffff, [0xff, 0xff, 0xff, 0xff, 0x07]],
  [-0x80000000, [0x80, 0x80, 0x80, 0x80, 0x78]],
])('signed %d in LEB128', (value, bytes) => {
  expect(written((out) => out.signed(value))).toEqual(bytes);
});

it('floats are little-endian, text and parts have their length before them', () => {
  expect(written((out) => out.float32(1.5))).toEqual([0, 0, 0xc0, 0x3f]);
  expect(written((out) => out.text('é'))).toEqual([2, 0xc3, 0xa9]);
  expect(written((out) => out.sized((inner) => inner.bytes([7, 8])))).toEqual([2, 7, 8]);
});

it('grows over the size that it begins with', () => {
  const many = Array.from({ length: 1000 }, (_, i) => i % 256);
  expect(written((out) => out.bytes(many))).toEqual(many);
});
