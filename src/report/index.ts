export { renderReport } from './page.ts';
export {
  type LayerPoint,
  type Measures,
  makeRunRecord,
  readRunRecord,
} from './run-record.ts';
export { shapePicture } from './shape-picture.ts';
export { renderSteps } from './steps-page.ts';
