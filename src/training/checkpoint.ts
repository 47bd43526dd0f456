import { createHash } from 'node:crypto';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { assert, EspalierError } from '../errors.ts';
import { fileError, readBytes, writeFileAtomically } from '../files.ts';
import { makeTensor, type Tensor, viewBytes } from '../numeric/tensor.ts';

/**
 * A moment of a run: all state of the training step, and where in the run it stands (plain JSON). Random numbers are
 * functions of (seed, epoch, step), so they need no state of their own.
 */
export interface Checkpoint<Progress> {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly progress: Progress;
}

const formatNames = { float32: 'F32', float64: 'F64', int64: 'I64', int32: 'I32', uint8: 'U8' } as const;
type StoredType = keyof typeof formatNames;
const storedTypes = Object.fromEntries(Object.entries(formatNames).map(([type, name]) => [name, type]));

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/** The file begins with its length of header, then this, then 64 digits: the SHA-256 of the file with zeros in their place. */
const PREFIX = '{"__metadata__":{"sha256":"';
const DIGEST_AT = 8 + PREFIX.length;
const DIGITS = 64;
const ZEROS = '0'.repeat(DIGITS);

/** Writes a checkpoint in the safetensors format, with a SHA-256 of the whole file. */
export function writeCheckpoint(path: string, { tensors, progress }: Checkpoint<unknown>): void {
  const header: Record<string, unknown> = {
    __metadata__: { sha256: ZEROS, progress: JSON.stringify(progress) },
  };
  const payload: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    assert(ArrayBuffer.isView(data) && dtype in formatNames, `a checkpoint cannot hold ${dtype}`);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    header[name] = {
      dtype: formatNames[dtype as StoredType],
      shape,
      data_offsets: [offset, offset + bytes.length],
    };
    payload.push(bytes);
    offset += bytes.length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const hash = createHash('sha256').update(size).update(text);
  for (const bytes of payload) hash.update(bytes);
  text.write(hash.digest('hex'), PREFIX.length, 'latin1');
  writeFileAtomically(path, [size, text, ...payload]);
}

/** Reads a checkpoint; throws EspalierError('invalid-data') where it is truncated or altered. */
export function readCheckpoint<Progress>(path: string): Checkpoint<Progress> {
  const bytes = readBytes(path);
  const broken = (reason: string) =>
    new EspalierError('invalid-data', `broken checkpoint: ${reason}`, { where: path });
  const length = bytes.length >= 8 ? Number(bytes.readBigUInt64LE(0)) : Number.NaN;
  if (!(8 + length <= bytes.length)) throw broken('it is truncated');
  const payload = bytes.subarray(8 + length);
  if (!hasItsDigest(bytes)) throw broken('its checksum is wrong');
  try {
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
    const { __metadata__: metadata, ...entries } = header;
    const tensors = Object.entries(entries as Record<string, Entry>).map(([name, entry]) => {
      const dtype = storedTypes[entry.dtype] as StoredType;
      return [
        name,
        makeTensor(dtype, entry.shape, viewBytes(dtype, payload.subarray(...entry.data_offsets))),
      ] as const;
    });
    return { tensors: Object.fromEntries(tensors), progress: JSON.parse(metadata.progress) };
  } catch (cause) {
    throw cause instanceof EspalierError ? cause : broken('its header cannot be read');
  }
}

/** Whether a file is a checkpoint as it was written. */
export const isWhole = (path: string): boolean => hasItsDigest(readBytes(path));

function hasItsDigest(bytes: Buffer): boolean {
  const end = DIGEST_AT + DIGITS;
  const hash = createHash('sha256')
    .update(bytes.subarray(0, DIGEST_AT))
    .update(ZEROS)
    .update(bytes.subarray(end));
  return hash.digest('hex') === bytes.toString('latin1', DIGEST_AT, end);
}

/** `grafted`: what became of the checkpoint of the same step, which it comes before. */
const NAME = /^checkpoint\.(\d+)(\.grafted)?\.safetensors$/;
const KEPT = 2;

type Listed = { readonly path: string; readonly step: number; readonly grafted: boolean };
/** The checkpoints of a run directory, newest first. */
function listCheckpoints(directory: string): Listed[] {
  try {
    return readdirSync(directory)
      .flatMap((name) => {
        const match = NAME.exec(name);
        const [, step, grafted] = match ?? [];
        return match
          ? [{ path: join(directory, name), step: Number(step), grafted: grafted !== undefined }]
          : [];
      })
      .sort((a, b) => b.step - a.step || Number(b.grafted) - Number(a.grafted));
  } catch (cause) {
    throw fileError(cause, directory);
  }
}

/** Writes the checkpoint of a step: {@link keepNewest} of all. */
export function saveCheckpoint(directory: string, step: number, checkpoint: Checkpoint<unknown>): void {
  writeCheckpoint(join(directory, `checkpoint.${step}.safetensors`), checkpoint);
  keepNewest(directory);
}

/**
 * Removes all checkpoints but the two newest, and those of the newest graft: what came of it, and what it was made from, which
 * another network needs whose graft is broken.
 */
export function keepNewest(directory: string): void {
  const all = listCheckpoints(directory);
  const graftedAt = all.find(({ grafted }) => grafted)?.step;
  for (const { path, step } of all.slice(KEPT)) if (step !== graftedAt) rmSync(path, { force: true });
}

/** Removes checkpoints of later steps. */
export function forgetAfter(directory: string, last: number): void {
  for (const { path, step } of listCheckpoints(directory)) if (step > last) rmSync(path, { force: true });
}

/** Writes what grafting made of the checkpoint of a step: from then on it is the newest. */
export function saveGrafted(directory: string, step: number, checkpoint: Checkpoint<unknown>): void {
  writeCheckpoint(join(directory, `checkpoint.${step}.grafted.safetensors`), checkpoint);
}

interface Which {
  /** Passes over those that were grafted. */
  readonly ungrafted?: boolean;
  /** Only of this step. */
  readonly step?: number;
}

const isOne = ({ grafted, step }: Listed, which: Which): boolean =>
  !(grafted && which.ungrafted) && (which.step ?? step) === step;

/** The name of the newest checkpoint in a folder; null where there is none. */
export function newestCheckpoint(directory: string, which: Which = {}): string | null {
  const newest = listCheckpoints(directory).find((each) => isOne(each, which));
  return newest ? basename(newest.path) : null;
}

/** Whether the run is past the graft at the end of a step: it holds what that made, or something later. */
export function isPastGraft(directory: string, after: number): boolean {
  const newest = listCheckpoints(directory)[0];
  return newest !== undefined && (newest.step > after || (newest.step === after && newest.grafted));
}

/**
 * Names each checkpoint that is broken and renames it to `….broken`, so that the run goes on from the one before it. Throws
 * `invalid-data` where none is whole.
 */
export function setBrokenAside(directory: string, warn: (line: string) => void): void {
  const broken: EspalierError[] = [];
  const all = listCheckpoints(directory);
  for (const { path } of all) {
    try {
      readCheckpoint(path);
    } catch (cause) {
      if (!(cause instanceof EspalierError && cause.code === 'invalid-data')) throw cause;
      broken.push(cause);
    }
  }
  if (broken.length > 0 && broken.length === all.length)
    throw new EspalierError(
      'invalid-data',
      `no checkpoint is intact: ${broken.map(({ message }) => message).join('; ')}; remove them to start again from the beginning`,
    );
  for (const { message, where } of broken) {
    warn(`${message}: continuing from the previous one`);
    renameSync(where!, `${where}.broken`);
  }
}

/** The newest checkpoint; throws `invalid-data` where there is none. */
export function requiredCheckpoint<Progress>(directory: string, which: Which = {}): Checkpoint<Progress> {
  const checkpoint = latestCheckpoint<Progress>(directory, which);
  if (checkpoint) return checkpoint;
  throw new EspalierError('invalid-data', 'contains no checkpoint', { where: directory });
}

/** The newest checkpoint; null where there is none. Throws where it is broken: {@link setBrokenAside} comes before. */
export function latestCheckpoint<Progress>(
  directory: string,
  which: Which = {},
): Checkpoint<Progress> | null {
  const name = newestCheckpoint(directory, which);
  return name === null ? null : readCheckpoint<Progress>(join(directory, name));
}
