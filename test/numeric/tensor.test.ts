import { describe, expect, it } from 'vitest';
import { viewBytes } from '../../src/numeric/tensor.ts';

describe('viewBytes', () => {
  it.each([0, 1, 2, 3])('reads float32 at offset %i, of a Buffer too', (offset) => {
    const buffer = Buffer.alloc(offset + 8);
    buffer.writeFloatLE(1.5, offset);
    buffer.writeFloatLE(-2, offset + 4);
    const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, 8);
    expect([...(viewBytes('float32', buffer.subarray(offset)) as Float32Array)]).toEqual([1.5, -2]);
    expect([...(viewBytes('float32', bytes) as Float32Array)]).toEqual([1.5, -2]);
  });
});
