import { imageCriteria } from '../criteria/names.ts';
import { type PruningPace, type PruningSettings, pieceGranularity } from './settings.ts';

/** The options on which the pace depends. */
export interface PaceRequest
  extends Partial<Pick<PruningSettings, 'pace' | 'steps' | 'criterion' | 'granularity' | 'wholePositions'>> {
  readonly recover?: readonly string[] | undefined;
  readonly epochs?: number | undefined;
  readonly sensitivity?: unknown;
  readonly search?: number | undefined;
}

const needImages: ReadonlySet<unknown> = new Set(imageCriteria);

/** Options that are only possible with cuts. */
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

/** The option that requires cuts; undefined if there is none. */
export const cuttingOption = (request: PaceRequest): string | undefined =>
  cutting.find(([asks]) => asks(request))?.[1];

/** The default pace: `gradual` with epochs, unless an option requires cuts. */
export const paceOf = (request: PaceRequest): PruningPace =>
  request.pace ?? (request.epochs !== undefined && !cuttingOption(request) ? 'gradual' : 'linear');
