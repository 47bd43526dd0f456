import { broken } from './broken.ts';

/** A range of bytes in a file beside the model. */
export interface ExternalRange {
  /** The file, relative to the model's folder, as stated in the model. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
  /** The name of the tensor, for errors. */
  readonly where: string;
}

/** Reads exactly the given range of bytes. */
export type ReadExternalData = (range: ExternalRange) => Uint8Array;

/** Rejects external data, with an error for each tensor. */
export const refuseExternalData: ReadExternalData = ({ where }) => {
  throw broken(
    'its data is in another file: read the model by the path of its file, or give `externalData`',
    where,
  );
};

/** The bytes at the location, offset and length given in a tensor's entries. */
export function externalBytes(
  entries: Readonly<Record<string, string>>,
  { where, bytes }: { readonly where: string; readonly bytes: number },
  read: ReadExternalData,
): Uint8Array {
  const { location = '' } = entries;
  const offset = wholeNumber(entries.offset, 0);
  const length = wholeNumber(entries.length, bytes);
  if (length !== bytes) throw broken(`expected ${bytes} bytes of external data, found ${length}`, where);
  if (Number.isNaN(offset)) {
    throw broken(`expected an offset of at least 0 in its external data, found ${entries.offset}`, where);
  }
  const found = read({ location, offset, length, where });
  if (found.length !== length) {
    throw broken(`expected ${length} bytes of external data, got ${found.length}`, where);
  }
  return found;
}

function wholeNumber(text: string | undefined, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN;
}
