import { availableParallelism } from 'node:os';
import type { Dnnl } from './library/api.ts';
import { type OpenedLibrary, openLibrary } from './library/open.ts';
import { openVersion } from './library/version.ts';

/** oneDNN, opened for one program. */
export interface OpenedEngine {
  readonly dnnl: Dnnl;
  readonly koffi: OpenedLibrary['koffi'];
  readonly path: string;
  /** Channels per block, as convolutions on this processor prefer. */
  readonly block: 8 | 16;
  /** oneDNN's name of its convolution kernel on this processor, such as jit:avx512_core. */
  readonly kernels: string;
  /** Whether that kernel is optimised for this processor, as opposed to the reference implementation. */
  readonly fast: boolean;
  useThreads(count: number | undefined): void;
}

let library: Promise<OpenedLibrary> | null = null;

/** Opens oneDNN. Throws `runtime`, with advice, if it is missing or has an unsupported version. */
export async function openEngine(): Promise<OpenedEngine> {
  library ??= openLibrary();
  const opened = await library.catch((reason) => {
    library = null;
    throw reason;
  });
  const dnnl = await openVersion(opened);
  return {
    dnnl,
    koffi: opened.koffi,
    path: opened.path,
    ...preferredConvolution(dnnl),
    useThreads: (count) => dnnl.useThreads(count ?? availableParallelism()),
  };
}

/** Blocks of 16 channels with AVX-512, else of 8. */
function preferredConvolution(dnnl: Dnnl): Pick<OpenedEngine, 'block' | 'kernels' | 'fast'> {
  const isFast = (kernels: string): boolean => /^(jit|brg)/.test(kernels);
  const wide = probe(dnnl, 16);
  if (isFast(wide)) return { block: 16, kernels: wide, fast: true };
  const narrow = probe(dnnl, 8);
  return { block: 8, kernels: narrow, fast: isFast(narrow) };
}

/** The name of the kernel for a 3×3 convolution with blocked channels. */
function probe(dnnl: Dnnl, channelBlock: 8 | 16): string {
  const data = dnnl.describe([1, 16, 8, 8], { channelBlock });
  const weights = dnnl.describe([16, 16, 3, 3], 'any');
  const window = { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] };
  const primitive = dnnl.create({ kind: 'convolution', src: data, weights, dst: data, ...window });
  return primitive?.implementation ?? 'none';
}
