import { EspalierError } from '../../errors.ts';
import type { CompileOptions } from '../executor.ts';
import { prepareEnvironment } from '../library-environment.ts';
import { holdSession, type Session } from './held-session.ts';

/** Creates a session from a model's bytes, or from the file of a model with external data. */
export const createSession = async (
  model: Uint8Array | string,
  options: CompileOptions = {},
): Promise<Session> => holdSession(await loadOnnxruntime(), model, options);

/**
 * The one place that loads onnxruntime-node, its telemetry off; throws `runtime` where it is not there. Loaded at first use: it
 * costs 50 ms and 40 MB.
 */
export async function loadOnnxruntime() {
  await prepareEnvironment('onnxruntime');
  try {
    const loaded = await import('onnxruntime-node');
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new EspalierError('runtime', loadFailure(cause), { cause });
  }
}

/** Node's message on a missing file goes on with the stack of requires. */
function loadFailure(cause: unknown): string {
  const [reason = ''] = String((cause as Error).message).split('\n');
  const advice =
    'install it without its CUDA libraries: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node';
  return `onnxruntime-node cannot be loaded on ${process.platform} ${process.arch} (${reason}): ${advice}`;
}

/** The version of onnxruntime that runs. */
export async function onnxruntimeVersion(): Promise<string> {
  const { env } = await loadOnnxruntime();
  return env.versions.node ?? env.versions.common ?? '?';
}
