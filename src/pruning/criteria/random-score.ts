import { random } from '../../numeric/random.ts';
import { type Criterion, scoreEach } from './criterion.ts';

/** Uniform random numbers by seed: the baseline for all other criteria. */
export const randomScore: Criterion = {
  name: 'random',
  paper: 'Mittal et al., Recovering from Random Pruning, WACV 2018, arXiv:1801.10447',
  needs: 'weights',
  sides: ['filters', 'inputs'],
  score: ({ layers, seed }) => {
    let index = 0;
    return scoreEach(layers, (_, { count }) => {
      const { uniform } = random(seed, index++);
      return Float64Array.from({ length: count }, uniform);
    });
  },
};
