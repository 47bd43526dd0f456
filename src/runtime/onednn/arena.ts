import { type DataType, type TypedArray, viewBytes } from '../../numeric/tensor.ts';
import type { OpenedLibrary } from './library/open.ts';

/** Memory that is owned by JavaScript and used by native code; freed when it is no longer referenced. */
export interface Arena {
  readonly address: bigint;
  view(dtype: DataType, offset: number, bytes: number): TypedArray;
}

const HUGE_PAGE = 2 ** 21;
const PAGE = 4096;
const MADV_HUGEPAGE = 14;

/** Allocates zeroed memory, on Linux in huge pages if available: kernels are up to 10 % faster. */
export function openArena(koffi: OpenedLibrary['koffi'], bytes: number): Arena {
  const buffer = new ArrayBuffer(bytes + HUGE_PAGE);
  const start = koffi.address(buffer);
  const shift = Number((BigInt(PAGE) - (start % BigInt(PAGE))) % BigInt(PAGE));
  if (bytes > HUGE_PAGE) adviseHugePages(koffi, start + BigInt(shift), bytes);
  return {
    address: start + BigInt(shift),
    view: (dtype, offset, length) =>
      viewBytes(dtype as 'float32', new Uint8Array(buffer, shift + offset, length)),
  };
}

function adviseHugePages(koffi: OpenedLibrary['koffi'], address: bigint, bytes: number): void {
  if (process.platform !== 'linux') return;
  const madvise = koffi.load(null).func('int madvise(void *address, size_t length, int advice)');
  // Only advice to the kernel: the memory can be used without it.
  madvise(address, bytes, MADV_HUGEPAGE);
}
