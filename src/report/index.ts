export { renderReport } from './page.ts';
export { readRunRecord } from './read-run-record.ts';
export { type LayerPoint, makeRunRecord, type NetworkMeasures } from './run-record.ts';
export { shapePicture } from './shape-picture.ts';
export { renderSteps } from './steps-page.ts';
