import type { RunRecord } from 'espalier/core';
import type { MeasuredNetwork } from '../parts/networks-table.tsx';

/** The networks of a result, under their name in it: `before`, `after` and `fastest form`. */
export const networksOf = ({
  before,
  after,
  fastest,
}: NonNullable<RunRecord['result']>): MeasuredNetwork[] => [
  { name: 'before', measures: before },
  { name: 'after', measures: after },
  ...(fastest ? [{ name: 'fastest form', measures: fastest }] : []),
];
