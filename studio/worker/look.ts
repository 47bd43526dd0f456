import { layoutOf } from '../engine/look/layout.ts';
import { type Look, lookAt, shapesOf } from '../engine/look/look.ts';
import type { Version } from '../engine/types.ts';
import type { StudioApi } from './api.ts';
import { openedSession, tools } from './session.ts';

/** Each version is looked at once. */
const looks = new WeakMap<Version, Promise<Look>>();

function lookOnce(id: number): Promise<Look> {
  const version = openedSession().version(id);
  const known = looks.get(version) ?? lookAt(version, tools);
  looks.set(version, known);
  return known;
}

/** Shows what a version is. */
export const looking: Pick<StudioApi, 'look' | 'layout' | 'shapes'> = {
  look: lookOnce,
  layout: async (version) => layoutOf((await lookOnce(version)).drawing),
  shapes: async (version) => shapesOf(openedSession().version(version)),
};
