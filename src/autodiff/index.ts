export { gradients } from './gradient.ts';
export { decompose } from './training-operators/index.ts';
