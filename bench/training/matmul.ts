/** Prints the GFLOP/s of a large float32 matrix product on as many threads: `node --import tsx matmul.ts 2`. */
import { matmulPeak } from '../../src/runtime/onednn/index.ts';

console.log(JSON.stringify({ gflops: await matmulPeak(Number(process.argv[2])) }));
