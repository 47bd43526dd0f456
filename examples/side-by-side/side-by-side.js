// Runs two networks alternately in this page: images per second of each, and whether their answers agree.
import { answer, openNetwork, sample, threads, version } from './networks.js';
import { drawnPicture, givenPicture } from './pictures.js';

const ROUNDS_KEPT = 120;
const PICTURES_DRAWN = 12;
const MOST_PICTURES = 48;

const query = new URLSearchParams(location.search);
const find = (selector, within = document) => within.querySelector(selector);
const median = (values) => values.toSorted((x, y) => x - y)[values.length >> 1];
const digits = (x) => (x >= 100 ? x.toFixed(0) : x.toPrecision(3));

/** The two sides; `wanted` is the network to load before the next round. */
const sides = ['a', 'b'].map((id) => ({
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
    await old?.session.release();
    const bytes = await wanted.read();
    const network = await openNetwork(bytes, pictures[0]);
    side.network = { ...network, name: wanted.name };
    answersDue = true;
    const size = `${digits(bytes.length / 1e6)} MB, ${network.shape.slice(1).join('×')}`;
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
  if (timed.length === 2)
    showVerdict(median(sides[0].samples.map((ms, round) => ms / sides[1].samples[round])));
}

function showVerdict(ratio) {
  const verdict = find('#verdict');
  verdict.classList.toggle('faster', ratio >= 1);
  const factor = document.createElement('b');
  factor.textContent = `${ratio.toFixed(2)}×`;
  verdict.replaceChildren(factor, ` the speed of ${sides[0].network.name}`);
}

// ---- answers

let pictures = Array.from({ length: PICTURES_DRAWN }, (_, i) => drawnPicture(i));
let answersDue = true;

const apart = (part) => (part < 1e-3 ? part.toExponential(1) : `${digits(100 * part)} %`);
const strongest = (values) => values.indexOf(Math.max(...values));

async function compareAnswers() {
  answersDue = false;
  let same = 0;
  let difference = 0;
  for (const [i, item] of [...find('#images').children].entries()) {
    const [a, b] = [await answer(sides[0].network, pictures[i]), await answer(sides[1].network, pictures[i])];
    if (a.length !== b.length) return `no: ${a.length} outputs and ${b.length} outputs`;
    const [first, second] = [strongest(a), strongest(b)];
    const largest = a.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6);
    difference = Math.max(difference, ...a.map((x, k) => Math.abs(x - b[k]) / largest));
    if (first === second) same++;
    item.lastChild.className = first === second ? 'same' : 'other';
    item.lastChild.textContent = first === second ? `✓ ${first}` : `${first} / ${second}`;
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

const fromFile = (file) => ({ name: file.name, read: async () => new Uint8Array(await file.arrayBuffer()) });
const fromAddress = (address) => ({
  name: decodeURIComponent(new URL(address, location.href).pathname.split('/').at(-1)),
  async read() {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  },
});

/** Assigns a dropped network to the side under the pointer, two networks to both sides; images replace the drawn ones. */
async function take(files, side) {
  const networks = files.filter(({ name }) => name.toLowerCase().endsWith('.onnx')).slice(0, 2);
  if (networks.length === 2) sides.forEach((one, i) => (one.wanted = fromFile(networks[i])));
  else if (networks.length === 1)
    (side ?? sides.find(({ network }) => !network) ?? sides[1]).wanted = fromFile(networks[0]);
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
    if (present.length === 2 && answersDue) find('#agreement').textContent = await compareAnswers();
    await painted();
  }
}

function listen() {
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    take(
      [...event.dataTransfer.files],
      sides.find(({ lane }) => lane.contains(event.target)),
    );
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
