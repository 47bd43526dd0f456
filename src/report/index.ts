export { renderReport } from './page.ts';
export {
  type LayerPoint,
  makeRunRecord,
  type NetworkMeasures,
  readRunRecord,
} from './run-record.ts';
export { shapePicture } from './shape-picture.ts';
export { renderSteps } from './steps-page.ts';
