import { afterAll, describe, expect, it } from 'vitest';
import { type OpenedEngine, openEngine } from '../../src/runtime/onednn/engine.ts';
import type {
  Descriptor,
  ElementwiseAlgorithm,
  Operation,
  PostOperation,
  Role,
} from '../../src/runtime/onednn/library/api.ts';
import { normalDistribution } from '../support/reference/activations.ts';

/** The oneDNN of this machine, or the one that ESPALIER_DNNL names: the tests hold for every version. */
const engine = await openEngine().catch(() => null);

describe.skipIf(!engine)('the library of oneDNN', () => {
  const { dnnl, koffi } = engine ?? ({} as OpenedEngine);
  afterAll(() => dnnl.close());

  const plain = (dims: readonly number[]): Descriptor => {
    const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, size) => product * size, 1));
    return dnnl.describe(dims, { strides });
  };

  type Filled = readonly [Descriptor, Float32Array<ArrayBuffer>];

  /** Runs a primitive once over buffers by role. */
  function run(
    operation: Operation,
    buffers: { readonly [role in Role]?: Filled },
    after?: PostOperation[],
  ): void {
    const primitive = dnnl.create(operation, after);
    expect(primitive, operation.kind).not.toBeNull();
    const operands = Object.entries(buffers as Record<string, Filled>).map(([role, [descriptor, data]]) => {
      expect(data.byteLength).toBe(descriptor.bytes);
      return { role: role as Role, descriptor, address: koffi.address(data.buffer) };
    });
    dnnl.bind(primitive!, operands)();
  }

  const ramp = (count: number) => Float32Array.from({ length: count }, (_, i) => i);

  const functions: Readonly<Record<ElementwiseAlgorithm, (x: number) => number>> = {
    relu: (x) => Math.max(x, 0),
    tanh: Math.tanh,
    logistic: (x) => 1 / (1 + Math.exp(-x)),
    exp: Math.exp,
    log: Math.log,
    abs: Math.abs,
    sqrt: Math.sqrt,
    linear: (x) => 0.5 * x + 2,
    clip: (x) => Math.min(Math.max(x, 0.5), 2),
    hardswish: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    swish: (x) => x / (1 + Math.exp(-2 * x)),
    mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
    softplus: (x) => Math.log1p(Math.exp(x)),
    gelu: (x) => x * normalDistribution(x),
    geluByTanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    power: (x) => 3 / x ** 2,
  };
  const coefficients = { linear: [0.5, 2], clip: [0.5, 2], swish: [2, 0], power: [3, -2] } as Partial<
    Record<string, [number, number]>
  >;

  it.each(Object.keys(functions) as ElementwiseAlgorithm[])(
    'computes %s, alone and behind a product',
    (name) => {
      const positive = name === 'log' || name === 'sqrt' || name === 'power';
      const x = Float32Array.from({ length: 61 }, (_, i) => (positive ? 0.1 : -4) + i / 7);
      const data = plain([1, x.length]);
      const [alpha, beta] = coefficients[name] ?? [];
      const expected = Array.from(x, functions[name]);
      const alone = new Float32Array(x.length);
      run(
        { kind: 'elementwise', algorithm: name, data, alpha, beta },
        { src: [data, x], dst: [data, alone] },
      );
      const behind = new Float32Array(x.length);
      const ones = new Float32Array(x.length).fill(1);
      run(
        { kind: 'binary', algorithm: 'mul', left: data, right: data, dst: data },
        { src: [data, x], src1: [data, ones], dst: [data, behind] },
        [{ kind: 'elementwise', algorithm: name, alpha, beta }],
      );
      expected.forEach((value, i) => {
        expect(Math.abs(alone[i]! - value), `at ${x[i]}`).toBeLessThan(1e-5 * (1 + Math.abs(value)));
        expect(Math.abs(behind[i]! - value), `behind, at ${x[i]}`).toBeLessThan(1e-5 * (1 + Math.abs(value)));
      });
    },
  );

  it('adds the scaled destination and an operand, in order', () => {
    const data = plain([3, 16]);
    const [x, y, z, dst] = [ramp(48), ramp(48).reverse(), ramp(48).fill(7), ramp(48)];
    run(
      { kind: 'binary', algorithm: 'sub', left: data, right: data, dst: data },
      { src: [data, x], src1: [data, y], dst: [data, dst], post1: [data, z] },
      [
        { kind: 'sum', scale: 0.5 },
        { kind: 'binary', algorithm: 'mul', operand: data },
      ],
    );
    expect([...dst]).toEqual(Array.from(x, (value, i) => (value - y[i]! + 0.5 * i) * 7));
  });

  it.each([3, 4, 5].flatMap((rank) => [8, 16].map((block) => ({ rank, block: block as 8 | 16 }))))(
    'lays channels of rank $rank in blocks of $block',
    ({ rank, block }) => {
      const channels = 20;
      const size = [2, 3, 1].slice(0, rank - 2);
      const positions = size.reduce((product, length) => product * length, 1);
      const dims = [2, channels, ...size];
      const blocked = dnnl.describe(dims, { channelBlock: block });
      const blocks = Math.ceil(channels / block);
      const x = ramp(2 * channels * positions);
      const result = new Float32Array(2 * blocks * block * positions).fill(-1);
      run(
        { kind: 'reorder', src: plain(dims), dst: blocked },
        { src: [plain(dims), x], dst: [blocked, result] },
      );
      for (let n = 0; n < 2; n++) {
        for (let c = 0; c < blocks * block; c++) {
          for (let p = 0; p < positions; p++) {
            const at = ((n * blocks + Math.floor(c / block)) * positions + p) * block + (c % block);
            expect(result[at]).toBe(c < channels ? x[(n * channels + c) * positions + p] : 0);
          }
        }
      }
    },
  );

  it('says which layout a primitive wants, with its dims, and null for a tensor that it lacks', () => {
    const data = plain([1, 16, 8, 8]);
    const weights = dnnl.describe([24, 16, 3, 3], 'any');
    const dst = dnnl.describe([1, 24, 8, 8], 'any');
    const window = { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] };
    const primitive = dnnl.create({ kind: 'convolution', src: data, weights, dst, ...window })!;
    expect(primitive.layout('weights')!.dims).toEqual([24, 16, 3, 3]);
    expect(primitive.layout('weights')!.bytes).toBeGreaterThanOrEqual(4 * 24 * 16 * 9);
    expect(dnnl.equal(primitive.layout('src')!, plain([1, 16, 8, 8]))).toBe(true);
    expect(dnnl.equal(primitive.layout('src')!, plain([1, 16, 8, 9]))).toBe(false);
    expect(primitive.layout('workspace')).toBeNull();
  });

  it('names the shapes that do not fit', () => {
    const operation = {
      kind: 'matmul',
      src: plain([2, 3]),
      weights: plain([4, 5]),
      dst: plain([2, 5]),
    } as const;
    expect(() => dnnl.create(operation)).toThrow(
      'oneDNN matmul src [2,3] weights [4,5] dst [2,5]: invalid arguments',
    );
  });
});
