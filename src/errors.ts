/** The kind of an {@link EspalierError}, for programs. */
export type ErrorCode =
  | 'usage' // wrong flag, option or argument
  | 'missing-file'
  | 'invalid-model' // bytes that are no ONNX model, or a model that breaks ONNX's rules
  | 'unsupported' // valid, but outside what this part handles
  | 'invalid-data' // data set or image missing, corrupt or of the wrong shape
  | 'shape' // shapes or types do not fit
  | 'runtime' // an engine failed
  | 'diverged' // NaN or infinite loss
  | 'verification' // a rewrite changed what the network computes
  | 'io' // disk full, permission, …
  | 'interrupted';

/**
 * The error type that users see. The message is one lower-case line that names the thing, what was expected and what was
 * found: `conv1 (Conv): expected 64 input channels, got 32`.
 *
 * @example
 * try {
 *   readModelFile('model.onnx');
 * } catch (error) {
 *   if (error instanceof EspalierError && error.code === 'missing-file') console.log(error.where);
 * }
 */
export class EspalierError extends Error {
  readonly code: ErrorCode;
  /** The node, file or option that caused the error. */
  readonly where: string | undefined;

  constructor(code: ErrorCode, message: string, details: { where?: string; cause?: unknown } = {}) {
    super(oneLine(details.where ? `${details.where}: ${message}` : message), { cause: details.cause });
    this.name = 'EspalierError';
    this.code = code;
    this.where = details.where;
  }
}

/** Names from files may contain line breaks and terminal escapes. */
const oneLine = (text: string): string =>
  text.replace(/[\s\p{Cc}]+/gu, (gap) => (/[\p{Cc}\u2028\u2029]/u.test(gap) ? ' ' : gap));

/** Throws an error that reports a bug in Espalier unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal: ${message}`);
}
