import { cloneGraph, type Graph, storePreprocessing } from 'espalier/core';
import type { SessionImages } from './images/images.ts';

/** A network that stores the preprocessing of the images on which it was made, as commands write it. */
export function withPreprocessing(network: Graph, images: SessionImages | null): Graph {
  if (!images) return network;
  const stored = cloneGraph(network);
  storePreprocessing(stored, images.source.preprocessing);
  return stored;
}
