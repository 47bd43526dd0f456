import { formatDuration } from '../numeric/quantities.ts';
import { textTable } from '../report/text-table.ts';
import { countingBar, defineCommand } from './command.ts';

export const dataGet = defineCommand({
  name: 'data get',
  summary: 'download a data set into the cache and verify its checksums',
  arguments: [{ name: '<name>', summary: 'cifar10 or fashion-mnist' }],
  options: {},
  examples: [['espalier data get cifar10', 'download CIFAR-10 (139 MB) once']],
  async run({ args: [name = ''] }, context) {
    const { getDataSet } = await import('../data/data-sets.ts');
    const started = performance.now();
    const path = await getDataSet(name, { progress: countingBar(context, name) });
    const seconds = (performance.now() - started) / 1000;
    return { data: { name, path }, text: `${name}: complete in ${path} (${formatDuration(seconds)})` };
  },
});

export const dataList = defineCommand({
  name: 'data list',
  summary: 'list the data sets known by name and their locations',
  arguments: [],
  options: {},
  examples: [['espalier data list', 'list the data sets']],
  async run() {
    const { dataSets } = await import('../data/data-sets.ts');
    const rows = await Promise.all(
      Object.entries(dataSets).map(async ([name, dataSet]) => {
        const path = await dataSet.find();
        return { name, title: dataSet.title, path };
      }),
    );
    const text = textTable(rows, [
      { head: 'name', cell: (row) => row.name },
      { head: 'location', cell: (row) => row.path ?? `not downloaded: espalier data get ${row.name}` },
      { head: 'description', cell: (row) => row.title },
    ]);
    return { data: { dataSets: rows }, text };
  },
});
