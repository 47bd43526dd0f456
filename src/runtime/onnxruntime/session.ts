import { EspalierError } from '../../errors.ts';
import type { CompileOptions } from '../executor.ts';
import { prepareEnvironment } from '../library-environment.ts';
import { holdSession, type Session } from './held-session.ts';

/** Creates a session from a model's bytes, or from a file with external data. */
export const createSession = async (
  model: Uint8Array | string,
  options: CompileOptions = {},
): Promise<Session> => holdSession(await loadOnnxruntime(), model, options);

/**
 * Loads onnxruntime-node with its telemetry off; all code must load it here. It is loaded at first use, as that takes 50 ms
 * and 40 MB. Throws `runtime` if it is not installed.
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

/** The first line of Node's message, which continues with the stack of requires. */
function loadFailure(cause: unknown): string {
  const [reason = ''] = String((cause as Error).message).split('\n');
  const advice =
    'install it without its CUDA libraries: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node';
  return `onnxruntime-node cannot be loaded on ${process.platform} ${process.arch} (${reason}): ${advice}`;
}

/** The version of the loaded onnxruntime. */
export async function onnxruntimeVersion(): Promise<string> {
  const { env } = await loadOnnxruntime();
  return env.versions.node ?? env.versions.common ?? '?';
}
