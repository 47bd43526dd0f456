import { createHash } from 'node:crypto';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { assert, EspalierError } from '../errors.ts';
import { fileError, readBytes, writeFileAtomically } from '../files.ts';
import { makeTensor, type Tensor, viewBytes } from '../numeric/tensor.ts';

/**
 * A checkpoint of a run: all state of the training step, and the position in the run (plain JSON). Random numbers are
 * functions of (seed, epoch, step) and need no state.
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

/**
 * The file begins with the length of its header and this text, followed by 64 digits: the SHA-256 of the file with zeros in
 * place of the digits.
 */
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

/** Reads a checkpoint. Throws `invalid-data` if it is truncated or altered. */
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

/** Whether a file is an undamaged checkpoint. */
export const isWhole = (path: string): boolean => hasItsDigest(readBytes(path));

function hasItsDigest(bytes: Buffer): boolean {
  const end = DIGEST_AT + DIGITS;
  const hash = createHash('sha256')
    .update(bytes.subarray(0, DIGEST_AT))
    .update(ZEROS)
    .update(bytes.subarray(end));
  return hash.digest('hex') === bytes.toString('latin1', DIGEST_AT, end);
}

/** `grafted`: the checkpoint after grafting, which is newer than the plain checkpoint of the same step. */
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

/** Writes the checkpoint of a step and applies {@link keepNewest}. */
export function saveCheckpoint(directory: string, step: number, checkpoint: Checkpoint<unknown>): void {
  writeCheckpoint(join(directory, `checkpoint.${step}.safetensors`), checkpoint);
  keepNewest(directory);
}

/**
 * Removes all checkpoints except the two newest and both checkpoints of the newest graft: its result, and its input, which
 * another network needs if its own graft is damaged.
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

/** Writes the result of grafting at a step, which becomes the newest checkpoint. */
export function saveGrafted(directory: string, step: number, checkpoint: Checkpoint<unknown>): void {
  writeCheckpoint(join(directory, `checkpoint.${step}.grafted.safetensors`), checkpoint);
}

interface CheckpointFilter {
  /** Ignores grafted checkpoints. */
  readonly ungrafted?: boolean;
  /** Considers only this step. */
  readonly step?: number;
}

const isOne = ({ grafted, step }: Listed, which: CheckpointFilter): boolean =>
  !(grafted && which.ungrafted) && (which.step ?? step) === step;

/** The file name of the newest checkpoint in a folder; null if there is none. */
export function newestCheckpoint(directory: string, which: CheckpointFilter = {}): string | null {
  const newest = listCheckpoints(directory).find((each) => isOne(each, which));
  return newest ? basename(newest.path) : null;
}

/** Whether the run has passed the graft after step `after`: it has the grafted checkpoint, or a later one. */
export function isPastGraft(directory: string, after: number): boolean {
  const newest = listCheckpoints(directory)[0];
  return newest !== undefined && (newest.step > after || (newest.step === after && newest.grafted));
}

/**
 * Renames each damaged checkpoint to `….broken` and names it in a warning, so that the run continues from the one before.
 * Throws `invalid-data` if no checkpoint is intact.
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

/** The newest checkpoint. Throws `invalid-data` if there is none. */
export function requiredCheckpoint<Progress>(
  directory: string,
  which: CheckpointFilter = {},
): Checkpoint<Progress> {
  const checkpoint = latestCheckpoint<Progress>(directory, which);
  if (checkpoint) return checkpoint;
  throw new EspalierError('invalid-data', 'contains no checkpoint', { where: directory });
}

/** The newest checkpoint; null if there is none. Throws if it is damaged, so call {@link setBrokenAside} first. */
export function latestCheckpoint<Progress>(
  directory: string,
  which: CheckpointFilter = {},
): Checkpoint<Progress> | null {
  const name = newestCheckpoint(directory, which);
  return name === null ? null : readCheckpoint<Progress>(join(directory, name));
}
