/** The library: train, prune and measure networks that are ONNX graphs. */
export { decompose, gradients } from './autodiff/index.ts';
export { openCalibration } from './calibration/calibration.ts';
export { openComparison } from './calibration/comparison.ts';
export { recalibrate } from './calibration/recalibrate.ts';
export { channelGroups } from './channels/channel-groups.ts';
export { openBatches } from './data/batches.ts';
export { getDataSet, openDataSet } from './data/data-sets.ts';
export type { DataSet, ImageSource } from './data/image-source.ts';
export { loadPreprocessing, type Preprocessing, storePreprocessing } from './data/preprocessing.ts';
export { type TensorImages, tensorData, tensorImages } from './data/tensor-images.ts';
export { compressStripes } from './deploy/compress.ts';
export { type Deployment, type DeployOptions, deployNetwork } from './deploy/deploy.ts';
export type { DeployedStripes, DeployStripesOptions } from './deploy/deploy-stripes.ts';
export { type ErrorCode, EspalierError } from './errors.ts';
export { type FoldedNetwork, type FoldOptions, fold } from './folding/fold.ts';
export { blend, blendRing } from './grafting/blend.ts';
export { informationOf } from './grafting/information.ts';
export { graftLayers } from './grafting/layers.ts';
export { graftInternal, graftNoise } from './grafting/reactivate.ts';
export { type Builder, builderOf } from './graph/builder.ts';
export { cloneGraph } from './graph/clone.ts';
export type { Attribute, Dim, Graph, InputFeed, Node, Shape, Value } from './graph/graph.ts';
export { emptyGraph } from './graph/graph.ts';
export { type InputFeeds, withInputFeeds } from './graph/inputs/input-feeds.ts';
export { inferShapes } from './graph/shapes/index.ts';
export { type PrintOptions, parseGraph, printGraph } from './graph/text/index.ts';
export { connections, removeDeadNodes, replaceUses, sortTopologically } from './graph/topology.ts';
export { evaluate } from './measure/accuracy.ts';
export { coldStarts } from './measure/cold-start.ts';
export type { ImageSize } from './measure/image-size.ts';
export { benchmark } from './measure/latency.ts';
export { costs } from './measure/macs.ts';
export { classScores, type ScoresSought } from './measure/outputs/class-scores.ts';
export { rank, type Timer } from './measure/timer.ts';
export { openTimings } from './measure/timings.ts';
export { benchmarkWeb, openWebBenchmark } from './measure/web.ts';
export { buildModel, zoo, zooModel } from './models/index.ts';
export type { DataType, Tensor } from './numeric/tensor.ts';
export { parseModel, serializeModel } from './onnx/index.ts';
export { readModelFile, writeModelFile } from './onnx/model-file.ts';
export { criterionNames, scoreLayers } from './pruning/criteria/index.ts';
export { type ChannelPruningOptions, planChannels, pruneChannels } from './pruning/prune-channels.ts';
export { type Original, openOriginal, rankChannels } from './pruning/rank-channels.ts';
export { insertBatchNormalization } from './pruning/recovery/insert-batch-normalization.ts';
export { reconstruct } from './pruning/recovery/reconstruct.ts';
export { measureSensitivity } from './pruning/sensitivity/measure.ts';
export { compareOutputs } from './quantization/agreement.ts';
export { type Quantized, type QuantizeOptions, quantize } from './quantization/quantize.ts';
export { readRunRecord, renderReport, shapePicture } from './report/index.ts';
export {
  type ConvertedResiduals,
  type ConvertOptions,
  convertResiduals,
} from './residual/convert-residuals.ts';
export { findResiduals } from './residual/find.ts';
export { type PlainNetwork, type RemoveResidualsOptions, removeResiduals } from './residual/removal.ts';
export {
  bindDimensions,
  type CanonicalForm,
  canonicalForm,
  type Float32Form,
  type FoldingName,
  foldBatchNormalization,
  foldConstants,
  foldNetwork,
  type NetworkForms,
  networkForms,
  type Refusal,
  type Rewritten,
  toFloat32,
  upgradeOpset,
  type VerifyOptions,
  verifyEquivalent,
  withElementType,
} from './rewrite/index.ts';
export { chooseExecutor } from './runtime/choose.ts';
export type { Executor, Program } from './runtime/executor.ts';
export { onednn } from './runtime/onednn/index.ts';
export { onnxruntime } from './runtime/onnxruntime/index.ts';
export {
  type PrunedStripes,
  type StripePruningOptions,
  trainStripes,
} from './stripe-pruning/train-stripes.ts';
export { stripeController } from './stripes/controller.ts';
export { stripeLayers } from './stripes/layers.ts';
export type { StripeLearning } from './stripes/learning.ts';
export { removeDeadFilters } from './stripes/remove-dead.ts';
export { filterShapes, type LayerShapes } from './stripes/shapes.ts';
export type { TrainingOptions } from './training/open-training.ts';
export type { Controller, EpochResult, TrainOptions } from './training/options.ts';
export { prepareNetwork } from './training/prepare.ts';
export { createRunDirectory, makeRecipe, openRunDirectory } from './training/run-directory.ts';
export { train } from './training/train.ts';
