import type { RJSFSchema } from '@rjsf/utils';
import { describe, expect, it, vi } from 'vitest';
import { createValidator, findProblems } from './validator';

const schema: RJSFSchema = {
  type: 'object',
  required: ['transport', 'points'],
  properties: {
    transport: { enum: ['tcp', 'rtu'] },
    port: { type: 'integer', minimum: 1, maximum: 65535 },
    host: { type: 'string' },
    points: { type: 'array', minItems: 1, items: { $ref: '#/$defs/point' } },
  },
  $defs: {
    point: {
      type: 'object',
      required: ['property'],
      properties: { property: { type: 'string', pattern: '^[a-z.]+$' }, 'scale.x': { type: 'number', exclusiveMinimum: 0 } },
    },
  },
  if: { properties: { transport: { const: 'tcp' } } },
  then: { required: ['host'] },
};

const good = { transport: 'tcp', host: 'h', port: 502, points: [{ property: 'voltage' }] };

const cases = [
  { name: 'valid', change: {}, found: [] },
  { name: 'missing by a condition', change: { host: undefined }, found: ['required host'] },
  { name: 'condition off', change: { host: undefined, transport: 'rtu' }, found: [] },
  { name: 'too large', change: { port: 70000 }, found: ['maximum port 65535'] },
  { name: 'wrong type', change: { port: 'x' }, found: ['type port "integer"'] },
  { name: 'not in the list', change: { transport: 'usb' }, found: ['enum transport ["tcp","rtu"]'] },
  { name: 'empty list', change: { points: [] }, found: ['minItems points 1'] },
  { name: 'missing behind a reference', change: { points: [{}] }, found: ['required points/0/property'] },
  { name: 'limit behind a reference', change: { points: [{ property: 'V' }] }, found: ['pattern points/0/property "^[a-z.]+$"'] },
  { name: 'member with a dot', change: { points: [{ property: 'v', 'scale.x': 0 }] }, found: ['exclusiveMinimum points/0/scale.x 0'] },
];

describe('findProblems', () => {
  it.each(cases)('$name', ({ change, found }) => {
    const problems = findProblems(schema, { ...good, ...change }).map(({ keyword, path, limit }) =>
      [keyword, path.join('/'), keyword === 'required' ? '' : JSON.stringify(limit)].join(' ').trim());
    expect(problems).toEqual(found);
  });

  it('speaks of the branch that was meant, not of the others', () => {
    const choice: RJSFSchema = {
      oneOf: [
        { properties: { kind: { const: 'a' }, size: { minimum: 5 } } },
        { properties: { kind: { const: 'b' }, name: { type: 'string' } }, required: ['name'] },
      ],
    };
    expect(findProblems(choice, { kind: 'a', size: 1 }).map(({ keyword }) => keyword)).toEqual(['minimum']);
    expect(findProblems(choice, { kind: 'c' }).map(({ keyword }) => keyword)).toEqual(['oneOf']);
  });
});

describe('createValidator', () => {
  const validator = createValidator<any>(({ keyword }) => `says ${keyword}`);

  it('puts each message at its field', () => {
    const { errorSchema, errors } = validator.validateFormData({ ...good, points: [{ 'scale.x': 0, property: 'v' }] }, schema);
    expect(errors).toHaveLength(1);
    expect((errorSchema as any).points[0]['scale.x'].__errors).toEqual(['says exclusiveMinimum']);
  });

  it('resolves references against the root', () => {
    expect(validator.isValid({ $ref: '#/$defs/point' }, { property: 'v' }, schema)).toBe(true);
    expect(validator.isValid({ $ref: '#/$defs/point' }, {}, schema)).toBe(false);
  });

  it('works where code from strings is forbidden', () => {
    const forbidden = vi.fn(() => { throw new EvalError('unsafe-eval'); });
    vi.stubGlobal('Function', forbidden);
    expect(validator.validateFormData(good, schema).errors).toEqual([]);
    expect(forbidden).not.toHaveBeenCalled();
    vi.unstubAllGlobals();
  });
});
