import type * as onnxruntime from 'onnxruntime-node';
import { EspalierError } from '../../errors.ts';
import type { DataType, Tensor } from '../../numeric/tensor.ts';
import { type CompileOptions, exchangedTypes } from '../executor.ts';

/** The common part of onnxruntime-node and onnxruntime-web. */
export type Onnxruntime = Pick<typeof onnxruntime, 'InferenceSession' | 'Tensor'>;

type NativeSession = Awaited<ReturnType<Onnxruntime['InferenceSession']['create']>>;
type NativeTensor = InstanceType<Onnxruntime['Tensor']>;

/** An onnxruntime session with translated tensors and errors. */
export interface Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** A native tensor that shares the memory. */
  tensor(tensor: Tensor): unknown;
  read(native: unknown): Tensor;
  run(feeds: Record<string, unknown>, fetches: Record<string, unknown>): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Types that onnxruntime's bindings can pass in and out: numbers and text. */
const passable: ReadonlySet<DataType> = new Set([...exchangedTypes, 'string']);

const FATAL_ONLY = 4;

/** Creates a session from a model's bytes, or from a file with external data. */
export async function holdSession(
  { InferenceSession, Tensor: Native }: Onnxruntime,
  model: Uint8Array | string,
  options: CompileOptions,
): Promise<Session> {
  const session = await translated('cannot load the model', () =>
    InferenceSession.create(model as string, {
      intraOpNumThreads: options.threads ?? 0,
      interOpNumThreads: 1,
      graphOptimizationLevel: options.optimization ?? 'all',
      // A reference runs once or twice beside another model, so its memory is freed after each run.
      enableCpuMemArena: options.optimization !== 'disabled',
      logSeverityLevel: FATAL_ONLY,
    }),
  );
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    tensor: (tensor) => {
      if (!passable.has(tensor.dtype))
        throw new EspalierError('unsupported', `onnxruntime does not accept ${tensor.dtype}`);
      return new Native(tensor.dtype as 'float32', tensor.data as Float32Array, tensor.shape);
    },
    read: (native) => {
      const { type, dims, data } = native as NativeTensor;
      return { dtype: type as DataType, shape: dims, data: data as Tensor['data'] };
    },
    run: (feeds, fetches) =>
      translated('cannot run the model', () =>
        session.run(
          feeds as Parameters<NativeSession['run']>[0],
          fetches as Exclude<Parameters<NativeSession['run']>[1], undefined | readonly string[]>,
        ),
      ),
    close: () => session.release(),
  };
}

async function translated<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!.trim();
    const [, domain, operator] = /(\S*?):(\w+)\(-?\d+\) is not a registered function\/op/.exec(reason) ?? [];
    if (operator) throw unregistered(domain ? `${domain}.${operator}` : operator, cause);
    throw new EspalierError('runtime', `onnxruntime ${what}: ${reason}`, { cause });
  }
}

/** The error for custom operators, such as those of TensorRT or mmcv. */
function unregistered(operator: string, cause: unknown): EspalierError {
  const message = `onnxruntime does not implement the operator ${operator}: split the model before this operator, and use the first part`;
  return new EspalierError('unsupported', message, { cause });
}
