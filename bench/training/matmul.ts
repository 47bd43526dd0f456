/** Prints the GFLOP/s of a large float32 matrix product on as many threads: `node --import tsx matmul.ts 2`. */
const engine: string = 'onednn';
const { matmulPeak } = (await import(`../../src/runtime/${engine}/index.ts`)) as {
  matmulPeak(threads: number): Promise<number>;
};

console.log(JSON.stringify({ gflops: await matmulPeak(Number(process.argv[2])) }));
