// Forms fill in every default so that people see it; what is sent leaves out the optional ones again, so
// that a stored configuration says only what somebody decided.
import type { Json, JsonObject } from '../api/types';
import { isNode, type SchemaNode } from './walk';

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

const isEmptyObject = (value: Json) => isNode(value) && Object.keys(value).length === 0;

function memberSchema(schema: SchemaNode, name: string): SchemaNode | undefined {
  const { properties, additionalProperties } = schema;
  const own = isNode(properties) ? properties[name] : undefined;
  if (isNode(own)) return own;
  return isNode(additionalProperties) ? additionalProperties : undefined;
}

function stripMembers(schema: SchemaNode, data: JsonObject): JsonObject {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const kept: JsonObject = {};
  for (const [name, value] of Object.entries(data)) {
    if (value === undefined) continue;
    const member = memberSchema(schema, name);
    const stripped = member ? withoutDefaults(member, value) : value;
    const needless = member && (same(value, member.default) || (isEmptyObject(stripped) && !isEmptyObject(value)));
    if (required.includes(name) || !needless) kept[name] = stripped;
  }
  return kept;
}

export function withoutDefaults(schema: SchemaNode, data: Json): Json {
  if (Array.isArray(data)) {
    const { items } = schema;
    return isNode(items) ? data.map((item) => withoutDefaults(items, item)) : data;
  }
  return isNode(data) ? stripMembers(schema, data as JsonObject) : data;
}
