import { EspalierError } from '../../errors.ts';

export type TokenKind = 'name' | 'number' | 'string' | 'bytes' | 'symbol' | 'end';

/** One word of the text; `text` is as written, quotes included. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly offset: number;
}

/** Reads a text token by token. */
export interface Cursor {
  /** The token `ahead` places on, 0 being the next; the last is of kind 'end'. */
  peek(ahead?: number): Token;
  next(): Token;
  /** Whether the next token is this symbol or name. */
  at(text: string): boolean;
  /** Takes the next token if it is this symbol or name. */
  accept(text: string): boolean;
  /** Takes the next token; throws unless it is this symbol or name. */
  expect(text: string): Token;
  /** An error of ours at a token: `line 3, column 5: …`. */
  fail(message: string, token: Token): EspalierError;
  /** `expected …, found …`, at the next token. */
  unexpected(expected: string): EspalierError;
}

const SPACE = /(?:\s+|#[^\n]*|\/\/[^\n]*)*/y;

/** The first that matches wins, so bytes and numbers such as `inf` come before names. */
const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ['bytes', /b"(?:[0-9a-fA-F]{2})*"/y],
  ['number', /0[xX][0-9a-fA-F]+|-?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|(?:inf|nan)(?![\w.]))/y],
  ['name', /[A-Za-z_]\w*(?:\.\w+)*/y],
  ['string', /"(?:[^"\\\n]|\\.)*"/y],
  ['symbol', /=>|\.\.\.|[<>()[\]{}=,:?]/y],
];

/** The tokens of a text, comments (`#` and `//` to the end of the line) left out; throws at what is no token. */
export function cursorOver(text: string): Cursor {
  const tokens = tokenize(text);
  let position = 0;
  const peek = (ahead = 0) => tokens[Math.min(position + ahead, tokens.length - 1)]!;
  const next = () => {
    const token = peek();
    position++;
    return token;
  };
  const at = (wanted: string) => peek().text === wanted && peek().kind !== 'string';
  const accept = (wanted: string) => at(wanted) && next() !== undefined;
  const fail = (message: string, token: Token) => failAt(text, token.offset, message);
  const unexpected = (expected: string) => fail(`expected ${expected}, found ${shown(peek())}`, peek());
  const expect = (wanted: string) => {
    if (!at(wanted)) throw unexpected(`'${wanted}'`);
    return next();
  };
  return { peek, next, at, accept, expect, fail, unexpected };
}

/** Items between the symbols `open` and `close`, separated by commas. */
export function listOf<T>(cursor: Cursor, [open, close]: readonly [string, string], item: () => T): T[] {
  const items: T[] = [];
  cursor.expect(open);
  while (!cursor.at(close)) {
    items.push(item());
    if (!cursor.at(close) && !cursor.accept(',')) throw cursor.unexpected(`',' or '${close}'`);
  }
  cursor.expect(close);
  return items;
}

/** What a string token stands for (JSON's escapes). */
export function unquoted(cursor: Cursor, token: Token): string {
  try {
    return JSON.parse(token.text) as string;
  } catch {
    throw cursor.fail(`${token.text} has an unknown escape`, token);
  }
}

/** An identifier, or any name in quotes. */
export function nameAt(cursor: Cursor, what: string): string {
  const { kind } = cursor.peek();
  if (kind === 'name') return cursor.next().text;
  if (kind === 'string') return unquoted(cursor, cursor.next());
  throw cursor.unexpected(what);
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let offset = skipSpace(text, 0);
  while (offset < text.length) {
    const token = tokenAt(text, offset);
    tokens.push(token);
    offset = skipSpace(text, offset + token.text.length);
  }
  tokens.push({ kind: 'end', text: '', offset });
  return tokens;
}

function skipSpace(text: string, offset: number): number {
  SPACE.lastIndex = offset;
  SPACE.test(text);
  return SPACE.lastIndex;
}

function tokenAt(text: string, offset: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = offset;
    const match = pattern.exec(text);
    if (match) return { kind, text: match[0], offset };
  }
  const message = text[offset] === '"' ? 'a string does not end' : `unexpected character '${text[offset]}'`;
  throw failAt(text, offset, message);
}

function failAt(text: string, offset: number, message: string): EspalierError {
  const before = text.slice(0, offset).split('\n');
  const where = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
  return new EspalierError('invalid-model', message, { where });
}

const shown = (token: Token) =>
  token.kind === 'end' ? 'the end of the text' : token.kind === 'string' ? token.text : `'${token.text}'`;
