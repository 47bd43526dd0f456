// Runs networks alternately in this page: images per second of each, and whether their answers agree.
import { answer, sample, threads, version } from './networks.js';
import { drawnPicture, givenPicture } from './pictures.js';
import { droppedFiles, fromAddress, networksAmong } from './sources.js';

const ROUNDS_KEPT = 120;
const PICTURES_DRAWN = 12;
const MOST_PICTURES = 48;

const query = new URLSearchParams(location.search);
const find = (selector, within = document) => within.querySelector(selector);
const median = (values) => values.toSorted((x, y) => x - y)[values.length >> 1];
const digits = (x) => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));

/** The lanes; `wanted` is the network to load before the next round. */
const sides = ['a', 'b', 'c'].map((id) => ({
  id,
  lane: find(`#${id}`),
  wanted: null,
  network: null,
  samples: [],
}));
const invitation = find('#verdict').textContent;
const show = (side, texts) => {
  for (const [name, text] of Object.entries(texts)) find(`.${name}`, side.lane).textContent = text;
};

// ---- networks

/** Loads the wanted network of a side and releases its previous one. */
async function replaceNetwork(side) {
  const wanted = side.wanted;
  const { network: old } = side;
  side.wanted = null;
  side.network = null;
  for (const one of sides) one.samples = [];
  show(side, { name: wanted.name, size: 'loading …', problem: '', rate: '–', median: '–' });
  find('#verdict').textContent = invitation;
  find('#agreement').textContent = 'needs two networks';
  await painted();
  try {
    await old?.release();
    const { bytes, open } = await wanted.read();
    const network = await open(pictures[0]);
    side.network = { ...network, name: wanted.name };
    answersDue = true;
    const size = `${digits(bytes / 1e6)} MB, ${network.shape.slice(1).join('×')}`;
    show(side, { size, first: `${digits(network.firstMs)} ms`, load: `${digits(network.loadMs)} ms` });
  } catch (error) {
    show(side, { size: 'drop another file', problem: String(error.message ?? error).split('\n')[0] });
  }
}

// ---- speed

function showSpeeds() {
  const timed = sides.filter(({ samples }) => samples.length > 0);
  const rates = new Map(timed.map((side) => [side, 1000 / median(side.samples)]));
  const most = Math.max(...rates.values());
  for (const [side, rate] of rates) {
    show(side, { rate: digits(rate), median: `${digits(1000 / rate)} ms` });
    find('.bar', side.lane).style.width = `${(100 * rate) / most}%`;
  }
  const highest = 1.1 * Math.max(...timed.flatMap(({ samples }) => samples.map((ms) => 1000 / ms)));
  for (const { id, samples } of timed) {
    const points = samples.map((ms, i) => `${(960 * i) / (ROUNDS_KEPT - 1)},${150 - 150000 / ms / highest}`);
    find(`polyline.${id}`).setAttribute('points', points.join(' '));
  }
  if (timed.length > 1) showVerdict(timed);
}

/** The speed of each network as a multiple of the first one's. */
function showVerdict([first, ...others]) {
  const factors = others.map(({ id, samples }) => {
    const factor = document.createElement('b');
    factor.className = id;
    factor.textContent = `${median(samples.map((ms, round) => first.samples[round] / ms)).toFixed(2)}×`;
    return factor;
  });
  const listed = factors.flatMap((factor, i) => (i === 0 ? [factor] : [' and ', factor]));
  find('#verdict').replaceChildren(...listed, ` the speed of ${first.network.name}`);
}

// ---- answers

let pictures = Array.from({ length: PICTURES_DRAWN }, (_, i) => drawnPicture(i));
let answersDue = true;

const apart = (part) => (part < 1e-3 ? part.toExponential(1) : `${digits(100 * part)} %`);
const strongest = (values) => values.indexOf(Math.max(...values));

async function compareAnswers(networks) {
  answersDue = false;
  let same = 0;
  let difference = 0;
  for (const [i, item] of [...find('#images').children].entries()) {
    const answers = [];
    for (const network of networks) answers.push(await answer(network, pictures[i]));
    const [first, ...others] = answers;
    const lengths = answers.map(({ length }) => length);
    if (lengths.some((length) => length !== first.length)) return `no: ${lengths.join(' and ')} outputs`;
    const largest = first.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6);
    for (const other of others)
      difference = other.reduce((most, x, k) => Math.max(most, Math.abs(x - first[k]) / largest), difference);
    const classes = answers.map(strongest);
    const agree = classes.every((found) => found === classes[0]);
    if (agree) same++;
    item.lastChild.className = agree ? 'same' : 'other';
    item.lastChild.textContent = agree ? `✓ ${classes[0]}` : classes.join(' / ');
    await painted();
  }
  return `${same} of ${pictures.length} images, outputs differ by at most ${apart(difference)}`;
}

function showPictures() {
  const items = pictures.map((picture) => {
    const item = document.createElement('li');
    item.append(picture, document.createElement('span'));
    return item;
  });
  find('#images').replaceChildren(...items);
  answersDue = true;
}

// ---- the page

/** Resolves after the browser has drawn; while the page is hidden, it waits here. */
const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

/** Assigns a dropped network to the lane under the pointer, several to the lanes in order; images replace the drawn ones. */
async function take(files, side) {
  const networks = networksAmong(files).slice(0, sides.length);
  const lane = side ?? sides.find(({ network }) => !network) ?? sides.at(-1);
  if (networks.length === 1) lane.wanted = networks[0];
  else for (const [i, network] of networks.entries()) sides[i].wanted = network;
  const images = files.filter(({ type }) => type.startsWith('image/'));
  if (images.length === 0) return;
  pictures = await Promise.all(images.slice(0, MOST_PICTURES).map(givenPicture));
  showPictures();
}

/** In each round, loads wanted networks, times each network once, and compares answers after a change. */
async function race() {
  for (;;) {
    for (const side of sides) if (side.wanted) await replaceNetwork(side);
    const present = sides.filter(({ network }) => network);
    for (const side of present)
      side.samples = [...side.samples, await sample(side.network)].slice(-ROUNDS_KEPT);
    showSpeeds();
    if (present.length > 1 && answersDue)
      find('#agreement').textContent = await compareAnswers(present.map(({ network }) => network));
    await painted();
  }
}

function listen() {
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', async (event) => {
    event.preventDefault();
    const side = sides.find(({ lane }) => lane.contains(event.target));
    take(await droppedFiles(event.dataTransfer), side);
  });
  for (const side of sides)
    find('input', side.lane).addEventListener('change', ({ target }) => take([...target.files], side));
}

/** Shows the measuring conditions, with a link to the same page on more or fewer threads. */
function showConditions() {
  const most = crossOriginIsolated ? navigator.hardwareConcurrency : 1;
  const other = threads === 1 ? most : 1;
  const link = document.createElement('a');
  link.textContent = other === 1 ? 'on one' : `on ${other}`;
  link.href = `?${new URLSearchParams({ ...Object.fromEntries(query), threads: other })}`;
  const words = `onnxruntime-web ${version}, WebAssembly, ${threads === 1 ? 'one thread' : `${threads} threads`}`;
  find('#conditions').replaceChildren(words, ...(other === threads ? [] : [' · ', link]));
}

for (const side of sides) if (query.has(side.id)) side.wanted = fromAddress(query.get(side.id));
showConditions();
showPictures();
listen();
race();
