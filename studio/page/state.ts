import { signal } from '@preact/signals';
import type { ImageSize } from 'espalier/core';
import type { Progress } from '../engine/types.ts';
import type { DroppedFile, Opened } from '../worker/api.ts';

/** The files that were opened last; null before the first ones. */
export const lastFiles = signal<readonly DroppedFile[] | null>(null);

/** What is open; null before the first file. */
export const opened = signal<Opened | null>(null);

/** Counts what was opened: what is chosen for one network is forgotten with the next. */
export const openings = signal(0);

/** Height and width of the images of a network that leaves them open; null if none are given. */
export const imageSize = signal<ImageSize | null>(null);

/** The message of the last failure; null if there is none to show. */
export const failure = signal<string | null>(null);

/** The operation that runs, and how to end it. */
export interface RunningJob extends Progress {
  cancel(): void;
}

/** null if none runs. */
export const runningJob = signal<RunningJob | null>(null);

/** The name of the view that is shown. */
export const shownView = signal('look');
