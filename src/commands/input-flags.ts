import * as v from 'valibot';
import type { InputFeed } from '../graph/graph.ts';
import type { InputFeeds } from '../graph/inputs/input-feeds.ts';
import { repeatedIfTyped } from './flags.ts';

const SHAPE = 'expected NAME=SHAPE, such as images=1x3x48x192';
const FILE = 'expected NAME=FILE, a file written by numpy.save';

/** `images=1x3x48x192`; a name may contain `=`. */
const namedShape = v.pipe(
  v.string(),
  v.regex(/^.+=[1-9]\d*(x[1-9]\d*)*$/, SHAPE),
  v.transform((typed) => {
    const at = typed.lastIndexOf('=');
    return {
      name: typed.slice(0, at),
      shape: typed
        .slice(at + 1)
        .split('x')
        .map(Number),
    };
  }),
  v.check(({ shape }) => shape.every(Number.isSafeInteger), SHAPE),
);

/** `mask=mask.npy`: the name ends at the first `=`. */
const namedFile = v.pipe(
  v.string(),
  v.regex(/^[^=]+=./, FILE),
  v.transform((typed) => {
    const at = typed.indexOf('=');
    return { name: typed.slice(0, at), path: typed.slice(at + 1) };
  }),
);

/** Flags for the shapes and contents of inputs, for all commands that run a network or need its shapes. */
export const inputFlags = {
  input: repeatedIfTyped(
    '--input <name=shape>',
    'shape of an input for which the model leaves dimensions free: images=1x3x48x192',
    namedShape,
  ),
  feed: repeatedIfTyped(
    '--feed <name=file>',
    'value of an input whenever the network is run: an array written by numpy.save',
    namedFile,
  ),
};

/** The values of {@link inputFlags}. */
export interface InputOptions {
  readonly input?: readonly { readonly name: string; readonly shape: readonly number[] }[] | undefined;
  readonly feed?: readonly { readonly name: string; readonly path: string }[] | undefined;
}

/** Selects the values of {@link inputFlags} from other options. */
export const inputOptions = ({ input, feed }: InputOptions): InputOptions => ({ input, feed });

/** The feeds given by flags; contents from a file determine the shape. Throws `usage` if shapes contradict each other. */
export async function readInputFeeds({ input = [], feed = [] }: InputOptions): Promise<InputFeeds> {
  const { readNpyFile } = await import('../data/npy.ts');
  const { EspalierError } = await import('../errors.ts');
  const feeds: Record<string, InputFeed> = {};
  for (const { name, shape } of input) feeds[name] = { shape, contents: null };
  for (const { name, path } of feed) {
    const contents = await readNpyFile(path);
    const typed = feeds[name]?.shape;
    if (typed && typed.join() !== contents.shape.join()) {
      const message = `expected ${typed.join('x')} as given by --input, found ${contents.shape.join('x')} in ${path}`;
      throw new EspalierError('usage', message, { where: name });
    }
    feeds[name] = { shape: contents.shape, contents };
  }
  return feeds;
}
