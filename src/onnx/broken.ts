import { EspalierError } from '../errors.ts';

/** The error for bytes that are no ONNX model, and for models that violate ONNX's rules. */
export const broken = (message: string, where?: string): EspalierError =>
  new EspalierError('invalid-model', message, where ? { where } : {});
