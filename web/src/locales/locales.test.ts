// Every string a person reads comes from the translation files, and every language has all of them.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import en from './en.json';
import zh from './zh.json';

const SOURCES = fileURLToPath(new URL('..', import.meta.url));
const READ_ALOUD = new Set(['label', 'title', 'placeholder', 'description', 'aria-label', 'alt', 'error', 'message', 'subtitle', 'confirm']);
// The product's name is the same everywhere.
const BRAND = /^(Myriad|万物|Myriad 万物)$/;

function keysOf(node: object, prefix = ''): Map<string, string> {
  const keys = new Map<string, string>();
  for (const [name, value] of Object.entries(node)) {
    if (typeof value === 'string') keys.set(prefix + name, value);
    else keysOf(value as object, `${prefix}${name}.`).forEach((text, key) => keys.set(key, text));
  }
  return keys;
}

function sources(folder = SOURCES): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.tsx?$/.test(name) && !/\.test\./.test(name) ? [path] : [];
  });
}

const hasWords = (text: string) => /\p{L}{2,}/u.test(text) && !BRAND.test(text.trim());

function spokenText(node: ts.Node): string | undefined {
  if (ts.isJsxText(node)) return node.text;
  if (!ts.isJsxAttribute(node) || !READ_ALOUD.has(node.name.getText())) return undefined;
  return node.initializer && ts.isStringLiteral(node.initializer) ? node.initializer.text : undefined;
}

function hardCoded(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const visit = (node: ts.Node) => {
    const text = spokenText(node);
    if (text && hasWords(text)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${relative(SOURCES, path)}:${line + 1}: move "${text.trim()}" to the translation files`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const english = keysOf(en);
const chinese = keysOf(zh);
const placeholders = (text = '') => [...text.matchAll(/{{(\w+)}}/g)].map(([, name]) => name).sort();

describe('translations', () => {
  it('have the same keys', () => expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort()));

  it('have the same placeholders', () => {
    const differing = [...english.keys()].filter((key) => !key.endsWith('_one')
      && String(placeholders(english.get(key))) !== String(placeholders(chinese.get(key))));
    expect(differing).toEqual([]);
  });

  it('are never empty', () => {
    expect([...english, ...chinese].filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it('are all used', () => {
    const code = sources().map((path) => readFileSync(path, 'utf8')).join('\n');
    const used = (key: string) => {
      const plain = key.replace(/_(one|other)$/, '');
      const parent = plain.slice(0, plain.lastIndexOf('.') + 1);
      return code.includes(`'${plain}'`) || code.includes(`\`${parent}\${`) || /^instance\.confirm\./.test(plain);
    };
    expect([...english.keys()].filter((key) => !used(key))).toEqual([]);
  });
});

it('no page speaks without them', () => expect(sources().flatMap(hardCoded)).toEqual([]));
