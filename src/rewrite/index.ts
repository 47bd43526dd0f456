export type { Refusal, Rewritten } from './pass.ts';
export { foldBatchNormalization } from './rules/batch-normalization-folding.ts';
export { foldConstants } from './rules/constant-folding.ts';
export { bindDimensions } from './rules/static-shapes.ts';
export { upgradeOpset } from './rules/upgrade-opset.ts';
export { type VerifyOptions, verifyEquivalent } from './verify.ts';
