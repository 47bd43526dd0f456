/** Draws the shapes that a run's filters learned: npx tsx scripts/learned-shapes.ts RUN_DIRECTORY > shapes.svg */
import { readRunRecord, shapePicture } from '../src/report/index.ts';

const [directory = 'espalier-demo/shapes'] = process.argv.slice(2);
process.stdout.write(shapePicture(readRunRecord(directory).shapes));
