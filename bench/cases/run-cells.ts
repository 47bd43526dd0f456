/** A process of the matrix: all variants of one network at one opset, a line of JSON a cell. Arguments: network, opset, images, folder, operations. */
import { cellsOf } from './cell.ts';
import { type NetworkName, variantsAt } from './networks/index.ts';
import type { OperationName } from './operations.ts';

const [network, opset, images, folder, names] = process.argv.slice(2) as [
  NetworkName,
  string,
  string,
  string,
  string,
];
for (const variant of variantsAt(Number(opset))) {
  const options = { images, folder, names: names.split(',') as OperationName[] };
  for (const cell of await cellsOf(network, variant, options)) console.log(JSON.stringify(cell));
}
