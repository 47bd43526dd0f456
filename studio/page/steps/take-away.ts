import { download } from '../download.ts';
import { runJob, type WorkerJob } from '../jobs.ts';

/** A file that a version can be taken away as. */
export interface TakenFile {
  readonly title: string;
  /** The ending of its name, after the name of the network. */
  readonly ending: string;
  readonly type: string;
  /** Whether the dropped file has one, too. */
  readonly ofOriginal: boolean;
  readonly make: (version: number) => WorkerJob<Uint8Array | string>;
}

/** The files of a version. */
export const takenFiles: readonly TakenFile[] = [
  {
    title: '.onnx',
    ending: '.onnx',
    type: 'application/octet-stream',
    ofOriginal: true,
    make: (version) => (api) => api.modelFile(version),
  },
  {
    title: 'compiled .zip',
    ending: '-compiled.zip',
    type: 'application/zip',
    ofOriginal: true,
    make: (version) => (api, job, report) => api.compiledFile(version, job, report),
  },
  {
    title: 'report',
    ending: '-report.html',
    type: 'text/html',
    ofOriginal: false,
    make: (version) => (api) => api.reportFile(version),
  },
  {
    title: 'recipe',
    ending: '-recipe.json',
    type: 'application/json',
    ofOriginal: false,
    make: (version) => (api) => api.recipeFile(version),
  },
];

/** Makes a file of a version and downloads it. */
export async function takeAway(file: TakenFile, version: number, name: string): Promise<void> {
  const content = await runJob(`Making the ${file.title}`, file.make(version));
  if (content !== null) download(`${name}${file.ending}`, content, file.type);
}
