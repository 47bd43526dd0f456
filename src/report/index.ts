export { commandLine } from './command-line.ts';
export { renderReport } from './page.ts';
export {
  type LayerPoint,
  type Measures,
  makeRunRecord,
  type RunRecord,
  readRunRecord,
} from './run-record.ts';
export { shapePicture } from './shape-picture.ts';
