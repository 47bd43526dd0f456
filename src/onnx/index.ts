export { payloadBytes } from '../graph/payload.ts';
export { parseModel, serializeModel } from './model.ts';
export {
  calledFunction,
  forgetFunctions,
  type LocalFunction,
  readFunctions,
  referredAttribute,
} from './read-functions.ts';
