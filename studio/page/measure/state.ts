import { signal } from '@preact/signals';
import { type MeasureChoice, type Measurement, measuredForms } from '../../engine/measure/types.ts';

/** The threads that networks can be measured on: one if the page may not share memory between threads. */
export const mostThreads = crossOriginIsolated ? navigator.hardwareConcurrency : 1;

/** What is measured apart from the versions. */
export const settings = signal<Omit<MeasureChoice, 'versions'>>({
  forms: measuredForms,
  threads: 1,
  seconds: 2,
});

/** The versions that are not measured. */
export const leftOut = signal<ReadonlySet<number>>(new Set());

/** The last measurement, and the name of the network; null before the first. */
export const measurement = signal<{ readonly of: string; readonly found: Measurement } | null>(null);
