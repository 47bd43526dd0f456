import { describe, expect, it } from 'vitest';
import { elementTypes } from '../../src/graph/shapes/element-types.ts';
import { viewBytes } from '../../src/numeric/tensor.ts';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { expectKept } from './expect-kept.ts';
import { decoded, modelBytes, tensorInfo } from './protobuf.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

describe('tensors', () => {
  const numbers = elementTypes.flatMap((dtype, number) => (dtype ? [[dtype, number] as const] : []));
  const bytesOf: Record<string, number> = { int4: 4, uint4: 4, float4e2m1: 4, int2: 2, uint2: 2 };
  const wide: Record<string, number> = {
    ...{ float32: 4, int32: 4, uint32: 4, float64: 8, int64: 8, uint64: 8, complex64: 8, complex128: 16 },
    ...{ float16: 2, bfloat16: 2, int16: 2, uint16: 2 },
  };

  it.each(numbers.filter(([dtype]) => dtype !== 'string'))('of %s are kept byte by byte', (dtype, number) => {
    const rawData = Uint8Array.from(
      { length: bytesOf[dtype] ?? 7 * (wide[dtype] ?? 1) },
      (_, i) => i * 31 + 1,
    );
    // A name of every length puts the payload at every alignment.
    for (let length = 1; length <= 8; length++) {
      const tensor = { name: 'w'.repeat(length), dims: [7n], dataType: number, rawData };
      expectKept({ initializer: [tensor], output: [{ ...tensorInfo(tensor.name, [7], number) }] });
    }
  });

  it('of strings are kept', () => {
    const stringData = [utf8('a'), utf8(''), utf8('日本')];
    expectKept({ initializer: [{ name: 's', dims: [3n], dataType: 8, stringData }] });
  });

  it.each([
    ['float32', { dataType: 1, floatData: [1.5, -2] }, Float32Array.of(1.5, -2)],
    ['float64', { dataType: 11, doubleData: [0.1, -2] }, Float64Array.of(0.1, -2)],
    ['float16', { dataType: 10, int32Data: [0x3c00, 0xc000] }, Uint16Array.of(0x3c00, 0xc000)],
    ['bfloat16', { dataType: 16, int32Data: [0x3f80, 0xc000] }, Uint16Array.of(0x3f80, 0xc000)],
    ['bool', { dataType: 9, int32Data: [1, 0] }, Uint8Array.of(1, 0)],
    ['int8', { dataType: 3, int32Data: [-128, 127] }, Int8Array.of(-128, 127)],
    ['uint8', { dataType: 2, int32Data: [255, 1] }, Uint8Array.of(255, 1)],
    ['int16', { dataType: 5, int32Data: [-32768, 1] }, Int16Array.of(-32768, 1)],
    ['int32', { dataType: 6, int32Data: [-1, 7] }, Int32Array.of(-1, 7)],
    ['int64', { dataType: 7, int64Data: [-(2n ** 63n), 7n] }, BigInt64Array.of(-(2n ** 63n), 7n)],
    ['uint64', { dataType: 13, uint64Data: [2n ** 64n - 1n, 7n] }, BigUint64Array.of(2n ** 64n - 1n, 7n)],
    ['uint32', { dataType: 12, uint64Data: [2n ** 32n - 1n, 7n] }, Uint32Array.of(2 ** 32 - 1, 7)],
    ['complex64', { dataType: 14, dims: [1n], floatData: [1, -1] }, Float32Array.of(1, -1)],
    ['int4', { dataType: 22, int32Data: [0x21], dims: [2n] }, Uint8Array.of(0x21)],
  ])('of %s are read from their typed field', (dtype, fields, data) => {
    const graph = parseModel(modelBytes({ initializer: [{ name: 'w', dims: [2n], ...fields }] }));
    expect(graph.initializers[0]!.tensor).toMatchObject({ dtype, data });
    const again = parseModel(serializeModel(graph));
    expect(again.initializers[0]!.tensor).toEqual(graph.initializers[0]!.tensor);
  });

  it('of a Constant node are contents of its output', () => {
    const t = { dims: [], dataType: 1, rawData: new Uint8Array(Float32Array.of(3).buffer) };
    const graph = parseModel(
      modelBytes({
        node: [{ opType: 'Constant', output: ['c'], attribute: [{ name: 'value', type: 4, t }] }],
        output: [{ name: 'c' }],
      }),
    );
    expect(graph.outputs[0]!.tensor).toEqual({ dtype: 'float32', shape: [], data: Float32Array.of(3) });
  });

  it('views copy what is not aligned', () => {
    const bytes = new Uint8Array(9).fill(1, 5, 6);
    expect([...viewBytes('float32', bytes.subarray(1))]).toEqual([...viewBytes('float32', bytes.slice(1))]);
  });
});

describe('files of IR 3', () => {
  it('list initializers as inputs: they are none', () => {
    const initializer = [{ name: 'w', dims: [1n], dataType: 1, floatData: [2] }];
    const input = [tensorInfo('x', [1]), tensorInfo('w', [1])];
    const node = [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }];
    const graph = parseModel(
      modelBytes({ node, input, initializer, output: [{ name: 'y' }] }, { irVersion: 3n }),
    );
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(decoded(serializeModel(graph)).irVersion).toBe(4n);
  });
});
