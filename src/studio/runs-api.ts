import type { IncomingMessage } from 'node:http';
import * as v from 'valibot';
import { type Answer, failure, success } from './answers.ts';
import { sendLive } from './live.ts';
import { readBody, refusalOf } from './requests.ts';
import { startableRecipes } from './run-commands.ts';
import type { Runs } from './runs.ts';

/** The runs, and the token without which nothing is started or stopped. */
export interface RunsApi {
  readonly runs: Runs;
  readonly token: string;
}

interface Route {
  readonly method: 'GET' | 'POST';
  answer(api: RunsApi, request: IncomingMessage, query: URLSearchParams): Promise<Answer>;
}

/** A row that reads. */
const get = (answer: (runs: Runs, query: URLSearchParams) => Promise<Answer> | Answer): Route => ({
  method: 'GET',
  answer: async ({ runs }, _request, query) => answer(runs, query),
});

/** A row that changes something: only with the token, from the page itself, and with a body of the schema. */
const post = <T>(
  schema: v.GenericSchema<unknown, T>,
  answer: (runs: Runs, body: T) => Promise<unknown>,
): Route => ({
  method: 'POST',
  async answer({ runs, token }, request) {
    const refused = refusalOf(request, token);
    if (refused) return refused;
    const read = await readBody(request, schema);
    return 'refused' in read ? read.refused : success(await answer(runs, read.body));
  },
});

const text = v.pipe(v.string(), v.minLength(1, 'expected some text'), v.maxLength(500));
/** The name of a folder: no path, not hidden. */
const folder = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][\w.-]{0,99}$/, 'expected a name of letters, digits, dots and dashes'),
);
const startSchema = v.strictObject({
  recipe: text,
  folder,
  set: v.pipe(v.array(text), v.maxLength(100), v.readonly()),
});
const runSchema = v.strictObject({ id: text });

const idIn = (query: URLSearchParams): string => query.get('id') ?? '';

const routes: Readonly<Record<string, Route>> = {
  '/api/runs': get(async (runs) => success({ folder: runs.root, runs: await runs.list() })),
  '/api/run': get(async (runs, query) => success(await runs.details(idIn(query)))),
  '/api/live': get((runs, query) => ({
    kind: 'events',
    send: (response) => sendLive(response, runs, query.getAll('id')),
  })),
  '/api/recipes': get(() => success(startableRecipes())),
  '/api/start': post(startSchema, async (runs, request) => ({ id: await runs.start(request) })),
  '/api/resume': post(runSchema, async (runs, { id }) => {
    await runs.resume(id);
    return { id };
  }),
  '/api/stop': post(runSchema, async (runs, { id }) => {
    await runs.stop(id);
    return { id };
  }),
};

/** `/reports/ID/report.html`, so that the links of a report to those of its steps lead to them. */
const REPORT = /^\/reports\/(?:(.+)\/)?report\.html$/;

/** The answer to a request for the record of runs, or to start or stop one; null if it is for something else. */
export async function answerRuns(api: RunsApi, request: IncomingMessage, url: URL): Promise<Answer | null> {
  const { method = '' } = request;
  const path = decodeURIComponent(url.pathname);
  const report = REPORT.exec(path);
  if (report && method === 'GET') return { kind: 'report', html: await api.runs.report(report[1] ?? '.') };
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (!route) return null;
  if (route.method !== method) return failure(405, 'usage', `expected ${route.method}, found ${method}`);
  return route.answer(api, request, url.searchParams);
}
