import { openEngine } from './engine.ts';

/** `oneDNN 2.6.3 (libdnnl.so.2), channels in blocks of 16`; throws `runtime` where it cannot be used. */
export async function describeEngine(): Promise<string> {
  const { dnnl, path, block } = await openEngine();
  dnnl.close();
  return `oneDNN ${dnnl.version} (${path}), channels in blocks of ${block}`;
}
