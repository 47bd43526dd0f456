import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, invocationOf } from '../../src/commands/command.ts';
import type { RawValue } from '../../src/commands/flags.ts';
import { EspalierError } from '../../src/errors.ts';
import { writeModelFile } from '../../src/onnx/model-file.ts';
import { difference } from './difference.ts';
import type { ImageSize, Variant } from './export.ts';
import { type NetworkName, networks } from './networks/index.ts';
import { type Operation, type OperationName, operations } from './operations.ts';

/** What became of one operation on one network. */
export interface Cell {
  readonly network: NetworkName;
  readonly variant: Variant;
  readonly operation: OperationName;
  /** `right`; `refused`, by one line; `wrong`: other outputs, nothing smaller, or an error that is not meant for users. */
  readonly verdict: 'right' | 'refused' | 'wrong';
  readonly why: string;
}

export interface CellOptions {
  /** Where files are written. */
  readonly folder: string;
  /** A folder of images for operations that look at some. */
  readonly images: string;
}

const silent: Context = {
  signal: new AbortController().signal,
  progress: () => ({ advance() {}, to() {}, done() {} }),
  note() {},
  warn() {},
};

/** Does operations on one network, each judged by an engine that knows nothing of the library. */
export async function cellsOf(
  network: NetworkName,
  variant: Variant,
  { names, folder, images }: CellOptions & { readonly names: readonly OperationName[] },
): Promise<Cell[]> {
  const { build, image } = networks[network];
  mkdirSync(folder, { recursive: true });
  const given = join(folder, 'given.onnx');
  writeModelFile(build(variant).graph, given);
  const cells: Cell[] = [];
  for (const operation of names) {
    const made = join(folder, 'made.onnx');
    rmSync(made, { force: true });
    const found = await judged(operations[operation], { given, made, images, image, variant });
    cells.push({ network, variant, operation, ...found });
  }
  return cells;
}

interface Work {
  readonly given: string;
  readonly made: string;
  readonly images: string;
  readonly image: ImageSize;
  readonly variant: Variant;
}

async function judged(operation: Operation, work: Work): Promise<Pick<Cell, 'verdict' | 'why'>> {
  const { command, tolerance, shrinks, norm = 'largest', inputs = 'noise' } = operation;
  const { given, made, image } = work;
  try {
    const { data } = await command.run(invocationOf(command, [given], flagsOf(operation, work)), silent);
    const error = await difference(given, made, { size: image, norm, inputs });
    if (!(error <= tolerance))
      return { verdict: 'wrong', why: `outputs differ by ${error.toExponential(1)}` };
    const kept = shrinks ? macsKept(data) : 0;
    if (kept >= 1) return { verdict: 'wrong', why: 'nothing was removed' };
    return { verdict: 'right', why: error.toExponential(1) };
  } catch (error) {
    // What the engine says of a graph that was made here is no refusal.
    if (error instanceof EspalierError && !/\n|internal|^onnxruntime cannot/.test(error.message)) {
      return { verdict: 'refused', why: error.message };
    }
    return { verdict: 'wrong', why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function flagsOf(
  { flags, images: looks }: Operation,
  { images, image, made, variant }: Work,
): Record<string, RawValue> {
  const size = variant.sizes === 'free' ? { size: `${image.height}x${image.width}` } : {};
  const data = looks ? { data: images, mean: '0.5,0.5,0.5', std: '0.25,0.25,0.25', limit: '32' } : {};
  return { ...flags, ...size, ...data, out: made };
}

function macsKept(data: unknown): number {
  const { before, after } = data as { before: { macs: number }; after: { macs: number } };
  return after.macs / before.macs;
}
