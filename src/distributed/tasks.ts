import * as v from 'valibot';
import { EspalierError } from '../errors.ts';
import { thresholdSchema } from '../grafting/threshold.ts';
import { jobSchema } from '../grafting/training-job.ts';

/** The name of the queue that workers process. */
export const QUEUE = 'espalier';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'expected a SHA-256'));
/** Names of runs become folder names: only letters, digits and dashes. */
const runName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,64}$/, 'expected letters, digits and dashes'));
const checkpointName = v.pipe(
  v.string(),
  v.regex(/^checkpoint\.\d+(\.grafted)?\.safetensors$/, 'expected the name of a checkpoint'),
);

/** A checkpoint in the store. */
const storedCheckpoint = v.object({ name: checkpointName, key: hash });
export type StoredCheckpoint = v.InferOutput<typeof storedCheckpoint>;

const { model: _model, folder: _folder, ...job } = jobSchema.entries;

/** A task: train one network of a run to the end of a round. */
const trainSchema = v.object({
  kind: v.literal('train'),
  run: runName,
  network: count,
  /** The epoch of the round, from 1. */
  epoch: count,
  model: hash,
  /** The checkpoint to continue from; null at the start. */
  checkpoint: v.nullable(storedCheckpoint),
  recipe: v.looseObject({ command: v.string() }),
  job: v.object(job),
});
export type TrainTask = v.InferOutput<typeof trainSchema>;

const trainedSchema = v.object({
  network: count,
  checkpoint: storedCheckpoint,
  /** The events of the epoch, if the round ends it. */
  events: v.array(v.looseObject({ type: v.string() })),
  /** Duration on the worker. */
  seconds: finite,
  worker: v.string(),
});
export type Trained = v.InferOutput<typeof trainedSchema>;

/** A task: graft the networks of a run, after all of them have finished a round. */
const blendSchema = v.object({
  kind: v.literal('blend'),
  run: runName,
  epoch: count,
  step: count,
  model: hash,
  networks: count,
  /** Networks that had finished the round before. */
  ready: v.array(v.object({ network: count, checkpoint: storedCheckpoint })),
  settings: v.object({
    source: v.picklist(['external', 'internal', 'noise', 'none', 'average']),
    level: v.picklist(['layer', 'filter']),
    momentum: v.picklist(['keep', 'blend', 'reset']),
    threshold: thresholdSchema,
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
  seconds: finite,
  worker: v.string(),
});
export type Blended = v.InferOutput<typeof blendedSchema>;

/** A name that is safe as a file or folder name. */
const word = v.pipe(v.string(), v.regex(/^[A-Za-z][\w-]{0,99}$/, 'expected a word'));
/** A relative path inside a folder, without hidden components. */
const filePath = v.pipe(
  v.string(),
  v.regex(/^[\w@+-][\w@+.-]*(\/[\w@+-][\w@+.-]*)*$/, 'expected a path below a folder'),
);
const storedFile = v.object({ path: filePath, key: hash });
export type StoredFile = v.InferOutput<typeof storedFile>;

/** An argument as typed, or a reference to a file that belongs to the task. */
const argument = v.union([v.string(), v.object({ input: count, path: v.nullable(filePath) })]);
export type TaskArgument = v.InferOutput<typeof argument>;

/** A task: run an Espalier command on files that belong to the task. */
const commandSchema = v.object({
  kind: v.literal('command'),
  run: runName,
  name: word,
  command: v.pipe(v.string(), v.maxLength(40)),
  args: v.array(argument),
  options: v.record(word, v.union([argument, v.boolean(), v.array(v.string())])),
  /** Input files, with the path that each file or folder has on the requesting machine. */
  inputs: v.array(v.object({ shown: v.string(), files: v.array(storedFile) })),
  /** The output: a folder, a file in a folder, or nothing; with its path on the requesting machine. */
  out: v.nullable(v.object({ file: v.nullable(filePath), shown: v.string() })),
  /** The data set (an absolute path for a folder), and the argument as typed. */
  data: v.nullable(v.object({ place: v.string(), shown: v.string() })),
});
export type CommandTask = v.InferOutput<typeof commandSchema>;

const commandDoneSchema = v.object({
  data: v.unknown(),
  text: v.string(),
  files: v.array(storedFile),
  seconds: finite,
  worker: v.string(),
});
export type CommandDone = v.InferOutput<typeof commandDoneSchema>;

const taskSchema = v.variant('kind', [trainSchema, blendSchema, commandSchema]);
type Task = v.InferOutput<typeof taskSchema>;

/** Validates data from the queue, which anyone with access to Redis can write. */
export const checkedTask = (data: unknown): Task => parsed(taskSchema, data, 'task');
export const checkedTrained = (data: unknown): Trained => parsed(trainedSchema, data, 'result');
export const checkedCommandDone = (data: unknown): CommandDone => parsed(commandDoneSchema, data, 'result');
export const checkedBlended = (data: unknown): Blended => parsed(blendedSchema, data, 'result');

function parsed<T>(schema: v.GenericSchema<unknown, T>, data: unknown, what: string): T {
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = issue.path?.map(({ key }) => String(key)).join('.');
  throw new EspalierError(
    'invalid-data',
    `not an espalier ${what}: ${path ? `${path}: ` : ''}${issue.message}`,
  );
}
