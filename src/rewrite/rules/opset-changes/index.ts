import { lists } from './lists.ts';
import { meanings } from './meanings.ts';
import { resampling } from './resampling.ts';
import { softmaxes } from './softmax.ts';
import type { Upgrades } from './upgrade.ts';

export { compatible } from './compatible.ts';
export type { Upgrade, UpgradeContext } from './upgrade.ts';

/** The changes of each operator from opset 7 to 22; compatible changes are in {@link compatible}. */
export const upgrades: Upgrades = { ...lists, ...meanings, ...resampling, ...softmaxes };
