import { openArena } from './arena.ts';
import { requiredPrimitive } from './compile/primitives.ts';
import { openEngine } from './engine.ts';

/** GFLOP/s of the fastest of `runs` float32 products of two size × size matrices: the peak performance of the machine. */
export async function matmulPeak(threads?: number, size = 4096, runs = 5): Promise<number> {
  const { dnnl, koffi, useThreads } = await openEngine();
  useThreads(threads);
  const plain = dnnl.describe([size, size], { strides: [size, 1] });
  const any = dnnl.describe([size, size], 'any');
  const primitive = requiredPrimitive(
    dnnl,
    { kind: 'matmul', src: plain, weights: any, dst: plain },
    { where: 'matrix product' },
  );
  const weights = primitive.layout('weights')!;
  const arena = openArena(koffi, 3 * weights.bytes);
  const at = (index: number) => arena.address + BigInt(index * weights.bytes);
  const run = dnnl.bind(primitive, [
    { role: 'src', descriptor: plain, address: at(0) },
    { role: 'weights', descriptor: weights, address: at(1) },
    { role: 'dst', descriptor: plain, address: at(2) },
  ]);
  run();
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    run();
    fastest = Math.min(fastest, performance.now() - start);
  }
  dnnl.close();
  return (2 * size ** 3) / fastest / 1e6;
}
