/** The library: train, prune and measure networks that are ONNX graphs. */

export { type CompiledHere, type CompileHereOptions, compile } from './compile/compile-here.ts';
export { type MeasuredFolder, readCompiledFolder } from './compile/folder/read.ts';
export { isCompiledFolder, writeCompiled } from './compile/folder/write.ts';
export * from './core.ts';
export { type BatchOptions, type BatchStream, openBatches } from './data/batches.ts';
export type { DownloadOptions } from './data/cifar10/get.ts';
export { type DataSetOptions, getDataSet, openDataSet } from './data/data-sets.ts';
export type { ImageFolderOptions } from './data/image-folder/open.ts';
export { type DeployedNetwork, type DeployHereOptions, deploy } from './deploy/deploy-here.ts';
export type { DeployedStripes, DeployStripesOptions, StripeGain } from './deploy/deploy-stripes.ts';
export { type FoldOptions, fold } from './folding/fold-here.ts';
export type { GraftingOptions } from './grafting/defaults.ts';
export { type GraftOptions, graft } from './grafting/graft.ts';
export type { GraftedEpoch, GrownRing, RingMember, RingWatch } from './grafting/grow-ring.ts';
export type { RoundTimes } from './grafting/ring.ts';
export { type Evaluation, evaluate } from './measure/accuracy.ts';
export { type ColdStart, type ColdStartOptions, coldStarts } from './measure/cold-start.ts';
export { benchmark } from './measure/latency.ts';
export type { RuntimeName } from './measure/runtimes.ts';
export { openTimings } from './measure/timings.ts';
export { benchmarkWeb, openWebBenchmark, type WebBenchmark } from './measure/web.ts';
export { readModelFile, writeModelFile } from './onnx/model-file.ts';
export type { PruneStep } from './pruning/iterative/steps.ts';
export { type PrunedNetwork, type PruneOptions, prune, type RetrainingOptions } from './pruning/prune.ts';
export type { ComparisonOptions, Int8Comparison } from './quantization/compare.ts';
export {
  type QuantizationOptions,
  type QuantizedNetwork,
  quantize,
} from './quantization/quantize-on-images.ts';
export { readRunRecord, shapePicture } from './report/index.ts';
export { type RemoveResidualsOptions, removeResiduals } from './residual/removal-here.ts';
export {
  type ChosenExecutor,
  chooseExecutor,
  type ExecutorName,
  type TrainingEngine,
} from './runtime/choose.ts';
export { onednn } from './runtime/onednn/index.ts';
export { onnxruntime } from './runtime/onnxruntime/index.ts';
export { webassembly } from './runtime/webassembly/executor.ts';
export {
  type PrunedStripes,
  type StripePruningOptions,
  trainStripes,
} from './stripe-pruning/train-stripes.ts';
export type { Distilling, TrainingOptions } from './training/open-training.ts';
export {
  createRunDirectory,
  makeRecipe,
  openRunDirectory,
} from './training/run-directory.ts';
export type { TeacherComparison } from './training/tasks/distillation/compare.ts';
export { type CompareOptions, compareNetworks } from './training/tasks/distillation/compare-networks.ts';
export { type DistillationOptions, distillation } from './training/tasks/distillation/distillation.ts';
export type { ChosenLoss, DistillationLoss } from './training/tasks/distillation/pairs.ts';
export type { ImagesToRun } from './training/tasks/distillation/teacher.ts';
export { type TrainResult, train } from './training/train.ts';
