import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../api/types';
import { withoutDefaults } from './defaults';
import { pointerParts } from './pointer';
import { dropNulls, mergePatch, relaxSecrets } from './secrets';
import { configPath, errorAt } from './serverErrors';

describe('mergePatch', () => {
  const cases: { name: string; from: JsonObject; to: JsonObject; patch: JsonObject }[] = [
    { name: 'nothing changed', from: { a: 1 }, to: { a: 1 }, patch: {} },
    { name: 'changed', from: { a: 1 }, to: { a: 2 }, patch: { a: 2 } },
    { name: 'removed', from: { a: 1, b: 2 }, to: { b: 2 }, patch: { a: null } },
    { name: 'nested', from: { a: { b: 1, c: 2 } }, to: { a: { b: 1, c: 3 } }, patch: { a: { c: 3 } } },
    { name: 'lists are replaced', from: { a: [1, 2] }, to: { a: [2] }, patch: { a: [2] } },
    { name: 'hidden secret untouched', from: dropNulls({ user: 'x', password: null }) as JsonObject, to: { user: 'y' }, patch: { user: 'y' } },
  ];
  it.each(cases)('$name', ({ from, to, patch }) => expect(mergePatch(from, to)).toEqual(patch));
});

describe('withoutDefaults', () => {
  const schema = {
    required: ['transport'],
    properties: {
      transport: { default: 'tcp' },
      port: { default: 502 },
      points: { items: { properties: { scale: { default: 1 }, unit: {} } } },
      load: { properties: { points: { default: 0 } } },
    },
  };
  const cases = [
    { name: 'required defaults stay', data: { transport: 'tcp', port: 502 }, sent: { transport: 'tcp' } },
    { name: 'decisions stay', data: { port: 503 }, sent: { port: 503 } },
    { name: 'inside lists', data: { points: [{ scale: 1, unit: 'V' }] }, sent: { points: [{ unit: 'V' }] } },
    { name: 'groups left alone vanish', data: { load: { points: 0 } }, sent: {} },
    { name: 'unknown members stay', data: { other: 1 }, sent: { other: 1 } },
  ];
  it.each(cases)('$name', ({ data, sent }) => expect(withoutDefaults(schema, data as any)).toEqual(sent));
});

it('a stored secret is not required again', () => {
  const schema = { required: ['user', 'password'], properties: { user: {}, password: { writeOnly: true } } };
  expect(relaxSecrets(schema).required).toEqual(['user']);
});

describe('server errors', () => {
  it('reads JSON pointers with escapes', () => {
    expect(pointerParts('/config/a~1b/~0c')).toEqual(['config', 'a/b', '~c']);
    expect(pointerParts('/config/50%')).toEqual(['config', '50%']);
  });
  it('only fields of the configuration belong to the form', () => {
    expect(configPath('/config/points/0/type')).toEqual(['points', '0', 'type']);
    expect(configPath('/id')).toBeUndefined();
    expect(configPath(undefined)).toBeUndefined();
  });
  it('puts the message at the field', () => {
    expect(errorAt(['points', '0'], 'bad')).toEqual({ points: { 0: { __errors: ['bad'] } } });
  });
});
