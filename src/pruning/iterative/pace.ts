import { imageCriteria } from '../criteria/names.ts';
import { type PruningPace, type PruningSettings, pieceGranularity } from './settings.ts';

/** The options that decide on the pace. */
export interface PaceRequest
  extends Partial<Pick<PruningSettings, 'pace' | 'steps' | 'criterion' | 'granularity' | 'wholePositions'>> {
  readonly recover?: readonly string[] | undefined;
  readonly epochs?: number | undefined;
  readonly sensitivity?: unknown;
  readonly search?: number | undefined;
}

const needImages: ReadonlySet<unknown> = new Set(imageCriteria);

/** What can only be done in cuts, and the options that ask for it. */
const cutting: readonly (readonly [asks: (request: PaceRequest) => boolean, option: string])[] = [
  [({ steps }) => steps !== undefined, '`steps`'],
  [(request) => pieceGranularity(request) !== null, '`granularity` group, stripe and weight'],
  [
    ({ criterion }) => criterion === 'mask' || needImages.has(criterion),
    `\`criterion\` mask, ${imageCriteria.join(', ')}`,
  ],
  [({ sensitivity }) => sensitivity != null, '`sensitivity`'],
  [({ search }) => search !== undefined, '`search`'],
  [({ recover }) => recover?.includes('reconstruct') === true, '`recover` reconstruct'],
];

/** The option that asks for cuts; undefined where none does. */
export const cuttingOption = (request: PaceRequest): string | undefined =>
  cutting.find(([asks]) => asks(request))?.[1];

/** `gradual` with epochs, where nothing asks for cuts. */
export const paceOf = (request: PaceRequest): PruningPace =>
  request.pace ?? (request.epochs !== undefined && !cuttingOption(request) ? 'gradual' : 'linear');
