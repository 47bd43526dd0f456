import { EspalierError } from '../errors.ts';

/** The error for bytes that are no ONNX model, or for a model that breaks ONNX's rules. */
export const broken = (message: string, where?: string): EspalierError =>
  new EspalierError('invalid-model', message, where ? { where } : {});
