import { EspalierError } from '../../errors.ts';

export type TokenKind = 'name' | 'number' | 'string' | 'bytes' | 'symbol' | 'end';

/** A token; `text` is as in the source, including quotes. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly offset: number;
}

/** Reads the tokens of a text. */
export interface Cursor {
  /** The token `ahead` positions further; 0 is the next. The last token has kind 'end'. */
  peek(ahead?: number): Token;
  next(): Token;
  /** Whether the next token is this symbol or name. */
  at(text: string): boolean;
  /** Consumes the next token if it is this symbol or name. */
  accept(text: string): boolean;
  /** Consumes the next token. Throws unless it is this symbol or name. */
  expect(text: string): Token;
  /** An error at a token: `line 3, column 5: …`. */
  fail(message: string, token: Token): EspalierError;
  /** An error `expected …, found …` at the next token. */
  unexpected(expected: string): EspalierError;
}

const SPACE = /(?:\s+|#[^\n]*|\/\/[^\n]*)*/y;

/** The first pattern that matches is used, so bytes and numbers such as `inf` precede names. */
const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ['bytes', /b"(?:[0-9a-fA-F]{2})*"/y],
  ['number', /0[xX][0-9a-fA-F]+|-?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|(?:inf|nan)(?![\w.]))/y],
  ['name', /[A-Za-z_]\w*(?:\.\w+)*/y],
  ['string', /"(?:[^"\\\n]|\\.)*"/y],
  ['symbol', /=>|\.\.\.|[<>()[\]{}=,:?]/y],
];

/** Splits a text into tokens, without comments (`#` or `//` to the end of the line). Throws at invalid characters. */
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

/** Reads a comma-separated list between the symbols `open` and `close`. */
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

/** The value of a string token, with JSON's escapes. */
export function unquoted(cursor: Cursor, token: Token): string {
  try {
    return JSON.parse(token.text) as string;
  } catch {
    throw cursor.fail(`${token.text} has an unknown escape`, token);
  }
}

/** Reads an identifier or a quoted name. */
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
