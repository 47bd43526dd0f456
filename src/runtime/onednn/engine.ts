import { availableParallelism } from 'node:os';
import { EspalierError } from '../../errors.ts';
import type { Dnnl } from './library/api.ts';
import { type OpenedLibrary, openLibrary } from './library/open.ts';

/** oneDNN, ready for one program. */
export interface OpenedEngine {
  readonly dnnl: Dnnl;
  readonly koffi: OpenedLibrary['koffi'];
  readonly path: string;
  /** Channels in a block, as this processor's convolutions want them. */
  readonly block: 8 | 16;
  useThreads(count: number | undefined): void;
}

let library: Promise<OpenedLibrary> | null = null;

/** Opens oneDNN; throws `runtime` with advice where it is missing or of a version that nothing here knows. */
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
    block: preferredBlock(dnnl),
    useThreads: (count) => dnnl.useThreads(count ?? availableParallelism()),
  };
}

async function openVersion(opened: OpenedLibrary): Promise<Dnnl> {
  const { koffi, dnnl } = opened;
  const versionOf = dnnl.func('void *dnnl_version()');
  const [major, minor, patch] = new Int32Array(koffi.view(versionOf() as bigint, 12));
  const version = `${major}.${minor}.${patch}`;
  if (major === 2) return (await import('./library/version-2/index.ts')).openVersion2(opened, version);
  throw new EspalierError('runtime', `expected oneDNN 2, found ${version}`, { where: opened.path });
}

/** 16 channels with AVX-512, 8 without. */
function preferredBlock(dnnl: Dnnl): 8 | 16 {
  const data = dnnl.describe([1, 16, 8, 8], { channelBlock: 16 });
  const weights = dnnl.describe([16, 16, 3, 3], 'any');
  const window = { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] };
  const probe = dnnl.create({ kind: 'convolution', src: data, weights, dst: data, ...window });
  return probe && /^(jit|brg)/.test(probe.implementation) ? 16 : 8;
}
