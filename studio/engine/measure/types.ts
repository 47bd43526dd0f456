import type { CompiledNetwork, MeasuredInputs, ModelLatency, Runner } from 'espalier/core';

/** The forms in which a version can be measured: the .onnx file in onnxruntime, and compiled to WebAssembly. */
export const measuredForms = ['onnxruntime-web', 'compiled'] as const;

export type MeasuredForm = (typeof measuredForms)[number];

/** What is measured. Plain data. */
export interface MeasureChoice {
  /** Ids of versions; the others are compared with the first one, in its first form. */
  readonly versions: readonly number[];
  readonly forms: readonly MeasuredForm[];
  readonly threads: number;
  /** Seconds per version and form. */
  readonly seconds: number;
}

/** A version that was measured in one form. Plain data. */
export interface MeasuredVersion extends Omit<ModelLatency, 'path' | 'warning'> {
  readonly name: string;
  /** The speed-up over the first one in words; null for the first one. */
  readonly claim: string | null;
}

/** Latencies that were measured in alternating rounds. Plain data. */
export interface Measurement {
  readonly measured: readonly MeasuredVersion[];
  readonly rounds: number;
  readonly threads: number;
  /** What could not be measured and why, and warnings. */
  readonly notes: readonly string[];
}

/** An engine with a fixed number of threads, in which networks are timed. */
export interface MeasuringEngine {
  /** Loads an .onnx file. */
  openModel(bytes: Uint8Array, inputs: MeasuredInputs['inputs']): Promise<Runner>;
  /** Loads a compiled network, on the threads that it was compiled for. */
  openCompiled(network: CompiledNetwork, inputs: MeasuredInputs['inputs']): Promise<Runner>;
  close(): Promise<void>;
}

/** Starts an engine with a number of threads. */
export type OpenMeasuringEngine = (threads: number) => Promise<MeasuringEngine>;
