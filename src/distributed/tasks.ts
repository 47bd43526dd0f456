import * as v from 'valibot';
import { EspalierError } from '../errors.ts';
import { jobSchema } from '../grafting/training-job.ts';

/** The queue that workers listen to. */
export const QUEUE = 'espalier';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'expected a SHA-256'));
/** Names become folders: letters, digits and dashes alone. */
const runName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,64}$/, 'expected letters, digits and dashes'));
const checkpointName = v.pipe(
  v.string(),
  v.regex(/^checkpoint\.\d+(\.grafted)?\.safetensors$/, 'expected the name of a checkpoint'),
);

/** A checkpoint in the store. */
const storedCheckpoint = v.object({ name: checkpointName, key: hash });
export type StoredCheckpoint = v.InferOutput<typeof storedCheckpoint>;

const { model: _model, folder: _folder, ...job } = jobSchema.entries;

/** To train one network of a run to the end of an epoch. */
const trainSchema = v.object({
  kind: v.literal('train'),
  run: runName,
  network: count,
  model: hash,
  /** What to go on from; null at the start. */
  checkpoint: v.nullable(storedCheckpoint),
  recipe: v.looseObject({ command: v.string() }),
  job: v.object(job),
});
export type TrainTask = v.InferOutput<typeof trainSchema>;

const trainedSchema = v.object({
  network: count,
  checkpoint: storedCheckpoint,
  /** The records of the epochs that were trained. */
  events: v.array(v.looseObject({ type: v.string() })),
  worker: v.string(),
});
export type Trained = v.InferOutput<typeof trainedSchema>;

/** To graft the networks of a run, once all of them are through an epoch. */
const blendSchema = v.object({
  kind: v.literal('blend'),
  run: runName,
  epoch: count,
  step: count,
  model: hash,
  networks: count,
  /** Networks that were through the epoch before. */
  ready: v.array(v.object({ network: count, checkpoint: storedCheckpoint })),
  settings: v.object({
    source: v.picklist(['external', 'internal', 'noise']),
    level: v.picklist(['layer', 'filter']),
    momentum: v.picklist(['keep', 'blend', 'reset']),
    threshold: finite,
    noise: finite,
    seed: count,
  }),
  data: jobSchema.entries.data,
  preprocessing: jobSchema.entries.preprocessing,
});
export type BlendTask = v.InferOutput<typeof blendSchema>;

const blendedSchema = v.object({
  trained: v.array(trainedSchema),
  grafted: v.array(storedCheckpoint),
  worker: v.string(),
});
export type Blended = v.InferOutput<typeof blendedSchema>;

const taskSchema = v.variant('kind', [trainSchema, blendSchema]);

/** What came out of the queue, checked: whoever may write to Redis says nothing but this. */
export const checkedTask = (data: unknown): TrainTask | BlendTask => checked(taskSchema, data, 'task');
export const checkedTrained = (data: unknown): Trained => checked(trainedSchema, data, 'result');
export const checkedBlended = (data: unknown): Blended => checked(blendedSchema, data, 'result');

function checked<T>(schema: v.GenericSchema<unknown, T>, data: unknown, what: string): T {
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
  throw new EspalierError('invalid-data', `no ${what} of espalier: ${path}: ${issue.message}`);
}
