export { parseModel, payloadBytes, serializeModel } from './model.ts';
export { readModelFile, writeModelFile } from './model-file.ts';
