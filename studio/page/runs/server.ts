/** Asks the server of the page; with a body, to change something, which needs the token. Throws the server's message. */
export async function askServer<T>(path: string, change?: ServerChange): Promise<T> {
  const response = await fetch(path, change && requestOf(change));
  const data = await response.json().catch(() => null);
  if (response.ok && data !== null) return data as T;
  throw new Error(data?.error?.message ?? `the server of the page answered ${response.status}`);
}

export interface ServerChange {
  readonly body: unknown;
  readonly token: string;
}

const requestOf = ({ body, token }: ServerChange): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
  body: JSON.stringify(body),
});

/** The address of the report of a run. */
export const reportAddress = (id: string): string =>
  ['reports', ...id.split('/').map(encodeURIComponent), 'report.html'].join('/');
