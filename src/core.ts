/**
 * The part of the library that runs in any JavaScript environment, including browsers: it imports no Node module and no
 * engine.
 */
export { decompose, gradients } from './autodiff/index.ts';
export {
  type Calibration,
  type CalibrationOptions,
  calibrationOn,
  openCalibration,
} from './calibration/calibration.ts';
export { type Comparison, type ComparisonResult, openComparison } from './calibration/comparison.ts';
export { differencesByImage, type ImageDifference } from './calibration/image-differences.ts';
export type { ProbeContext } from './calibration/probe.ts';
export { recalibrate } from './calibration/recalibrate.ts';
export { type ChannelGroup, type Coupling, channelGroups } from './channels/channel-groups.ts';
export type { ChannelSets } from './channels/coupling/channel-sets.ts';
export type { Channels } from './channels/coupling/channels.ts';
export type { ReplaceInput } from './channels/coupling/constants.ts';
export type {
  ChannelConsumer,
  ChannelCoupling,
  CoupledLayer,
  KeptChannels,
  NodeEdit,
  ParameterSlicing,
} from './channels/coupling/scope.ts';
export type { KeptPlaces, Places } from './channels/select-slices.ts';
export { type CompiledModel, compileToWebAssembly, type ToWebAssemblyOptions } from './compile/compile.ts';
export type { TuningName, WeightType } from './compile/defaults.ts';
export { compiledFiles } from './compile/folder/files.ts';
export type { CompiledReport } from './compile/folder/report.ts';
export type { ImageTask } from './compile/image-task.ts';
export type { Profile } from './compile/profile.ts';
export type { Verification } from './compile/verify.ts';
export type { Augmentation, AugmentedImage } from './data/augmentations/augmentation.ts';
export type { AugmentationName, AugmentationSetting } from './data/augmentations/index.ts';
export type { Batch, Mixture } from './data/batches/prepare.ts';
export type { BatchSettings } from './data/batches/settings.ts';
export { withChannels } from './data/channels.ts';
export type { Fitting, ImageFit } from './data/image-folder/fits.ts';
export type { DataSet, ImageOrigin, ImageShape, ImageSource } from './data/image-source.ts';
export { loadPreprocessing, type Preprocessing, storePreprocessing } from './data/preprocessing.ts';
export { type TensorImages, tensorData, tensorImages } from './data/tensor-images.ts';
export type { DeployedShortcut } from './deploy/choose-shortcuts.ts';
export { type Compressed, type CompressOptions, compressStripes } from './deploy/compress.ts';
export { type DeployedLayer, type Deployment, type DeployOptions, deployNetwork } from './deploy/deploy.ts';
export type { Convolution } from './deploy/forms/convolution.ts';
export type { FormPlan } from './deploy/forms/plan.ts';
export type { TimedForm, TimedLayer } from './deploy/layer-plans.ts';
export type { LoweredNetwork as Lowering } from './deploy/lower.ts';
export type { ShortcutForm } from './deploy/shortcut-forms.ts';
export type { WrittenForm } from './deploy/written-forms.ts';
export { type ErrorCode, EspalierError } from './errors.ts';
export { type FoldedNetwork, foldAndVerify, type VerifiedFoldOptions } from './folding/fold.ts';
export {
  type BlendOptions,
  blend,
  blendRing,
  type GraftLevel,
  type GraftMomentum,
} from './grafting/blend.ts';
export { informationOf, type LayerInformation, networkInformation } from './grafting/information.ts';
export { type GraftLayer, graftLayers, type NormalizationParameters } from './grafting/layers.ts';
export { graftInternal, graftNoise, type ReactivationOptions } from './grafting/reactivate.ts';
export type { Threshold } from './grafting/threshold.ts';
export {
  type Builder,
  builderOf,
  type OperatorArguments,
  type OperatorMethods,
  type OperatorOutputs,
} from './graph/builder.ts';
export { cloneGraph } from './graph/clone.ts';
export type {
  ConstantConvolution,
  PlanarConvolution,
  SpatialPads,
  SpatialPair,
} from './graph/convolution.ts';
export type { Edits, NewNode, OperatorUse } from './graph/edit/edits.ts';
export {
  type Refusal,
  type RefusalCode,
  type Refused,
  type Rewritten,
  refuse,
} from './graph/edit/refused.ts';
export {
  type Attribute,
  type Dim,
  emptyGraph,
  type Graph,
  type InputFeed,
  type Node,
  type Shape,
  type Value,
} from './graph/graph.ts';
export { imagesOf } from './graph/inputs/image-input.ts';
export { type InputFeeds, withInputFeeds } from './graph/inputs/input-feeds.ts';
export {
  type GivenAttributesOf,
  type InputsOf,
  inputsOf,
  type OperatorName,
  type OperatorTable,
  type OutputCount,
  type StandardOperatorName,
} from './graph/operators/index.ts';
export type {
  AttributeKind,
  AttributeSchema,
  AttributeSchemas,
  AttributeTypes,
  GivenAttributes,
  InputArguments,
  InputNames,
  NamedInputs,
  OutputTuple,
} from './graph/operators/schema.ts';
export { inferShapes, type KnownElements } from './graph/shapes/index.ts';
export { type PrintOptions, parseGraph, printGraph } from './graph/text/index.ts';
export {
  type Connections,
  connections,
  removeDeadNodes,
  replaceUses,
  sortTopologically,
  type ValueUse,
} from './graph/topology.ts';
export type { Window } from './graph/window.ts';
export type { GroupFacts } from './inspection/groups.ts';
export type { ImageFacts, InputFacts, OtherInput } from './inspection/inputs.ts';
export {
  type InspectOptions,
  inspectNetwork,
  type NetworkFacts,
  networkCosts,
  networkFacts,
  type ValueSignature,
} from './inspection/inspect.ts';
export type { EvaluateOptions } from './measure/accuracy.ts';
export type { BindOptions } from './measure/bind-shapes.ts';
export type { ImageSize } from './measure/image-size.ts';
export { inElementType } from './measure/in-element-type.ts';
export type { Benchmark, BenchmarkOptions } from './measure/latency.ts';
export {
  type CostOptions,
  type Costs,
  costs,
  type LayerCost,
  type NetworkCost,
  networkCost,
} from './measure/macs.ts';
export { type MeasuredInputOptions, type MeasuredInputs, measuredInputs } from './measure/measured-inputs.ts';
export { type ImageOptions, networkOnImages } from './measure/network-on-images.ts';
export { classScores, type ScoresSought } from './measure/outputs/class-scores.ts';
export type { CountedOutput, CountedOutputs } from './measure/outputs/counted.ts';
export type { CompiledFolder, ModelSource } from './measure/prepared-model.ts';
export {
  type PreprocessedModel,
  type PreprocessingOptions,
  resolvePreprocessing,
} from './measure/resolve-preprocessing.ts';
export {
  type MeasuredModel,
  type MeasuredRounds,
  type ModelLatency,
  measureInTurns,
  type Runner,
  type SamplingOptions,
  WEB_WARMUP_MS,
} from './measure/rounds.ts';
export { temporaryTimings } from './measure/temporary-timings.ts';
export { rank, type TimedModel, type TimedRanking, type Timer } from './measure/timer.ts';
export type { Timings } from './measure/timings.ts';
export { buildModel, zoo, zooModel } from './models/index.ts';
export type { ModelOptions, ZooModel } from './models/network.ts';
export {
  formatBytes,
  formatCount,
  formatDuration,
  formatMacs,
  formatMs,
  formatPercent,
  formatRatio,
} from './numeric/quantities.ts';
export type { Random } from './numeric/random.ts';
export type { DataType, Float32Tensor, Tensor, TypedArray } from './numeric/tensor.ts';
export type { ExternalRange, ReadExternalData } from './onnx/external-data.ts';
export { parseModel, serializeModel } from './onnx/index.ts';
export {
  type Criterion,
  type LayerScores,
  type ScoredLayer,
  type ScoredSide,
  type ScoresByLayer,
  type Scoring,
  type ScoringOptions,
  scoreEach,
} from './pruning/criteria/criterion.ts';
export { criteria, criterionNames, scoreLayers } from './pruning/criteria/index.ts';
export { type CriterionName, type PieceCriterion, pieceCriteria } from './pruning/criteria/names.ts';
export type { PassThroughFilters } from './pruning/criteria/pass-through-filters.ts';
export { type FilterRows, rowsOf, type Slices, type WeightData } from './pruning/criteria/slices.ts';
export { completeSettings, pruningDefaults } from './pruning/defaults.ts';
export type { PieceGranularity } from './pruning/granularity/elements.ts';
export type { WeightMasks } from './pruning/granularity/masks.ts';
export {
  checkRequest,
  type PruningRequest,
  type PruningTargetOptions,
} from './pruning/iterative/check-request.ts';
export { type Cut, type CutRequest, cutNetwork, type NewCut } from './pruning/iterative/cut.ts';
export {
  channelOptions,
  hasImages,
  type ImageJob,
  type PruningData,
  type PruningJob,
  type PruningWatch,
  type Retraining,
  rankingOptions,
} from './pruning/iterative/job.ts';
export {
  openPruningJob,
  type PruningJobOptions,
  type RetrainedNetwork,
} from './pruning/iterative/open-job.ts';
export type { PaceRequest } from './pruning/iterative/pace.ts';
export { recoveriesOf, recoverNetwork } from './pruning/iterative/recover.ts';
export {
  type CarriedCost,
  type Granularity,
  granularities,
  type PruningPace,
  type PruningSettings,
  pieceGranularity,
  type Recovery,
  type ResidualTies,
  recoveries,
} from './pruning/iterative/settings.ts';
export type { PruningStage } from './pruning/iterative/stages.ts';
export { type PreparedNetwork, prepareChannels } from './pruning/prepared-network.ts';
export {
  type ChannelPruningOptions,
  type NextStep,
  type PrunedChannels,
  type PruningPlan,
  planChannels,
  planRanked,
  pruneChannels,
  type UnitOutcome,
} from './pruning/prune-channels.ts';
export { type RankedChannels, type RankingOptions, rankChannels } from './pruning/rank-channels.ts';
export type { CostModel } from './pruning/ranking/cost-model.ts';
export type { CostShare } from './pruning/ranking/cost-share.ts';
export {
  normalizations,
  reductions,
  type ScoreNormalization,
  type ScoreReduction,
} from './pruning/ranking/score-rules.ts';
export type { RankingScope, SelectionRules, UnitWidths, WidthSelector } from './pruning/ranking/selection.ts';
export type { PruningTarget } from './pruning/ranking/targets.ts';
export type { PruningUnit } from './pruning/ranking/units.ts';
export type { WidthRules } from './pruning/ranking/widths.ts';
export { insertBatchNormalization } from './pruning/recovery/insert-batch-normalization.ts';
export {
  type StatisticsReference,
  statisticsReference,
} from './pruning/recovery/match-statistics.ts';
export {
  type Reconstruction,
  type ReconstructOptions,
  type RefitLayer,
  reconstruct,
} from './pruning/recovery/reconstruct.ts';
export type { KeptFilters } from './pruning/recovery/refits.ts';
export type { PruningSchedule } from './pruning/schedule.ts';
export type { SearchOptions } from './pruning/search/search-channels.ts';
export type { WidthCandidate, WidthSearch } from './pruning/search/search-widths.ts';
export type { DamageMeasure } from './pruning/sensitivity/greedy.ts';
export {
  measureSensitivity,
  type SensitivityOptions,
  type SensitivityPoint,
  type UnitPart,
  type UnitSensitivity,
} from './pruning/sensitivity/measure.ts';
export { type Agreement, compareOutputs, type OutputAgreement } from './quantization/agreement.ts';
export { quantizationDefaults } from './quantization/defaults.ts';
export type { CalibrationMethod } from './quantization/observe-ranges.ts';
export {
  type Quantized,
  type QuantizedLayer,
  type QuantizeOptions,
  quantizeCalibrated,
} from './quantization/quantize.ts';
export type { CompilationPoint } from './report/compilation.ts';
export type { DeploymentPoint } from './report/deployment.ts';
export { disturbance, type Sampled, type Speed, speedText } from './report/latency.ts';
export { renderReport } from './report/render.ts';
export {
  type EpochPoint,
  type GraftPoint,
  type GroupPoint,
  type LayerPoint,
  makeRunRecord,
  type NetworkMeasures,
  type PrunePoint,
  type RangeTestPoint,
  type RingPoint,
  type RunRecord,
  type SensitivityCurve,
} from './report/run-record.ts';
export { shapeCards } from './report/sections/shapes.ts';
export {
  type ConvertedResidual,
  type ConvertedResiduals,
  type ConvertOptions,
  convertResiduals,
} from './residual/convert-residuals.ts';
export { findResiduals, type Residual } from './residual/find.ts';
export type { MiddleForm } from './residual/plan.ts';
export { type PlainFormOptions, type PlainNetwork, plainForm } from './residual/removal.ts';
export type { Folded, FoldingOptions } from './rewrite/fold.ts';
export {
  bindDimensions,
  type CanonicalForm,
  canonicalForm,
  expectWritable,
  type Float32Form,
  type FoldingName,
  foldBatchNormalization,
  foldConstants,
  foldNetwork,
  type NetworkForms,
  networkForms,
  toFloat32,
  upgradeOpset,
  type VerifyOptions,
  verifyEquivalent,
  withElementType,
} from './rewrite/index.ts';
export type { RewriteContext } from './rewrite/rules/rewrite-context.ts';
export { type RewriteOutcome, type RewriteRule, rewriteNodes } from './rewrite/rules/rewrite-nodes.ts';
export type { TrialSize } from './rewrite/trial-inputs.ts';
export type { Equivalence } from './rewrite/verify.ts';
export type { CompileOptions, Executor, Program, StatePair, Tensors } from './runtime/executor.ts';
export type { Onnxruntime } from './runtime/onnxruntime/held-session.ts';
export { onnxruntimeWeb } from './runtime/onnxruntime-web/executor.ts';
export type { CompiledNetwork, CompiledValue, ThreadedModules } from './runtime/webassembly/compile.ts';
export {
  instantiate,
  type ModuleKind,
  type RunningNetwork,
  supportedModule,
  viewsOf,
} from './runtime/webassembly/instantiate.ts';
export type { CompiledStep } from './runtime/webassembly/scope.ts';
export type { ChooseTile, Tile, TiledLayer } from './runtime/webassembly/tile.ts';
export {
  type StripeController,
  type StripeControllerOptions,
  stripeController,
} from './stripes/controller.ts';
export { type StripeLayer, stripeLayers } from './stripes/layers.ts';
export type { MaskScheduleName, SharedShape, StripeLearning } from './stripes/learning.ts';
export type { MaskScheduleSettings } from './stripes/mask-schedule.ts';
export {
  type DeadFilterOptions,
  type DeadFilterRemoval,
  type KeptDeadFilters,
  type KeptSlices,
  removeDeadFilters,
} from './stripes/remove-dead.ts';
export { filterShapes, type LayerShapes } from './stripes/shapes.ts';
export type { RemovalEffect, ShapeBlock, ShapeCosts } from './stripes/shared/costs.ts';
export type { SharedShapeSettings } from './stripes/shared/index.ts';
export type { SkeletonSettings } from './stripes/skeleton.ts';
export type { OptimizerName, OptimizerSettings } from './training/optimizers.ts';
export type { Controller, EpochResult, RunPosition, StepProgress, TrainOptions } from './training/options.ts';
export type { Parameter, ParameterRole } from './training/parameters.ts';
export { prepareNetwork } from './training/prepare.ts';
export type { Recipe, RunDirectory, RunEvent } from './training/run-directory.ts';
export type { ScheduleName, ScheduleSettings } from './training/schedules.ts';
export type { Reading, StepExtension, StepScope } from './training/step-graph.ts';
export type {
  LossScope,
  TaskBatch,
  TaskContext,
  TaskEvaluation,
  TaskFeeds,
  TaskLoss,
  TrainingTask,
} from './training/tasks/task.ts';
