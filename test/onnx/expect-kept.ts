import { expect } from 'vitest';
import { parseModel, serializeModel } from '../../src/onnx/index.ts';
import { decoded, type GraphInit, type ModelInit, modelBytes } from './protobuf.ts';

/** Checks that a model is written, field by field, as it was read. */
export function expectKept(graph: GraphInit, model: ModelInit = {}): void {
  const bytes = modelBytes(graph, model);
  expect(decoded(serializeModel(parseModel(bytes)))).toEqual(decoded(bytes));
}
