export { parseGraph } from './parse.ts';
export { type PrintOptions, printGraph } from './print.ts';
