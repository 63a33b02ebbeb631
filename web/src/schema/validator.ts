// rjsf's validator over an interpreter: ajv compiles schemas with `new Function`, which the console's
// content security policy forbids. The server checks every configuration again and has the last word.
import { Validator, type OutputUnit, type Schema } from '@cfworker/json-schema';
import {
  toErrorSchema, type RJSFSchema, type RJSFValidationError, type ValidationData, type ValidatorType,
} from '@rjsf/utils';
import { pointerParts } from './pointer';
import { isNode, type SchemaNode } from './walk';

/** A finding before it is put into words: which keyword failed and what it asked for. */
export interface Finding {
  keyword: string;
  /** The keyword's value in the schema, for instance the maximum. */
  limit: unknown;
  path: string[];
}

export type Wording = (finding: Finding) => string;

// Keywords whose findings only repeat that something below them failed.
const COMPOSITE = new Set([
  '$ref', 'allOf', 'if', 'properties', 'patternProperties', 'items', 'prefixItems', 'contains',
  'dependentSchemas', 'dependencies', 'propertyNames',
]);

/** Forms hold undefined for emptied fields; JSON, which the server will get, does not. */
function asJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function validatorFor(schema: RJSFSchema, root: RJSFSchema, shortCircuit: boolean): Validator {
  const { $defs, definitions } = root;
  const whole = { ...($defs && { $defs }), ...(definitions && { definitions }), ...schema };
  return new Validator(whole as Schema, '2020-12', shortCircuit);
}

function follow(root: SchemaNode, node: unknown, part: string): unknown {
  if (Array.isArray(node)) return node[Number(part)];
  if (!isNode(node)) return undefined;
  if (part !== '$ref') return node[part];
  return pointerParts(String(node.$ref)).reduce((target: unknown, step) => follow(root, target, step), root);
}

function valueAt(root: SchemaNode, pointer: string): unknown {
  return pointerParts(pointer).reduce((node: unknown, part) => follow(root, node, part), root);
}

// The text is all that names the member, so it is read back out of it.
const quotedName = (unit: OutputUnit) => /"(.*)"\.$/.exec(unit.error)?.[1];

function toFinding(root: SchemaNode, unit: OutputUnit): Finding {
  const path = pointerParts(unit.instanceLocation);
  const limit = valueAt(root, unit.keywordLocation);
  const missing = unit.keyword === 'required' ? quotedName(unit) : undefined;
  return { keyword: unit.keyword, limit, path: missing === undefined ? path : [...path, missing] };
}

// Of a failed oneOf or anyOf, people want the findings of the branch they meant: the only one whose
// constants fit. When that is unclear, the choice itself is the finding.
function meantBranch(choice: OutputUnit, units: OutputUnit[]): string | undefined {
  const prefix = `${choice.keywordLocation}/`;
  const branches = new Map<string, boolean>();
  for (const unit of units) {
    if (!unit.keywordLocation.startsWith(prefix)) continue;
    const branch = prefix + unit.keywordLocation.slice(prefix.length).split('/')[0];
    const fits = unit.keyword !== 'const' && unit.keyword !== 'enum' && unit.keyword !== 'type';
    branches.set(branch, (branches.get(branch) ?? true) && fits);
  }
  const fitting = [...branches].filter(([, fits]) => fits);
  return fitting.length === 1 ? fitting[0]?.[0] : undefined;
}

function dropOtherBranches(units: OutputUnit[]): OutputUnit[] {
  let kept = units;
  for (const choice of units.filter(({ keyword }) => keyword === 'oneOf' || keyword === 'anyOf')) {
    const meant = meantBranch(choice, units);
    kept = kept.filter((unit) => {
      if (unit === choice) return meant === undefined;
      const below = unit.keywordLocation.startsWith(`${choice.keywordLocation}/`);
      return !below || (meant !== undefined && unit.keywordLocation.startsWith(`${meant}/`));
    });
  }
  return kept;
}

export function findProblems(schema: RJSFSchema, data: unknown): Finding[] {
  const { errors } = validatorFor(schema, schema, false).validate(asJson(data));
  return dropOtherBranches(errors)
    .filter(({ keyword, error }) => !COMPOSITE.has(keyword) && error !== 'A subschema had errors.')
    .map((unit) => toFinding(schema as SchemaNode, unit));
}

// rjsf reads paths in lodash's notation, where names in brackets may hold dots.
const propertyPath = (path: string[]) =>
  path.map((part) => (/^\w+$/.test(part) ? `.${part}` : `['${part}']`)).join('');

function toRjsfError(finding: Finding, wording: Wording): RJSFValidationError {
  const message = wording(finding);
  const property = propertyPath(finding.path);
  return { name: finding.keyword, message, property, stack: message, params: {}, schemaPath: '' };
}

/** The validator for a form; `wording` puts findings into the user's language. */
export function createValidator<T>(wording: Wording): ValidatorType<T, RJSFSchema> {
  return {
    validateFormData(data, schema): ValidationData<T> {
      const errors = findProblems(schema, data).map((finding) => toRjsfError(finding, wording));
      return { errors, errorSchema: toErrorSchema<T>(errors) };
    },
    isValid(schema, data, root) {
      if (data === undefined) return false;
      return validatorFor(schema, root, true).validate(asJson(data)).valid;
    },
    rawValidation<Result>(schema: RJSFSchema, data?: T) {
      return { errors: findProblems(schema, data) as Result[] };
    },
  };
}
