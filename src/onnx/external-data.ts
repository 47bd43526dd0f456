import { broken } from './broken.ts';

/** Bytes of a file beside the model. */
export interface ExternalRange {
  /** The file, relative to the model's folder; as the model states it. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
  /** The tensor, for errors. */
  readonly where: string;
}

/** Reads bytes of a file beside the model, exactly as many as asked for. */
export type ReadExternalData = (range: ExternalRange) => Uint8Array;

/** Every tensor outside the model's bytes is an error. */
export const refuseExternalData: ReadExternalData = ({ where }) => {
  throw broken(
    'its data is in another file: read the model by the path of its file, or give `externalData`',
    where,
  );
};

/** The bytes that the entries (location, offset, length) of a tensor point to. */
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
