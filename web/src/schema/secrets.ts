// `writeOnly` members (passwords) come back from the server as null and must survive an edit untouched.
import type { Json, JsonObject } from '../api/types';
import { isNode, mapSchema, type SchemaNode } from './walk';

/** A stored secret need not be typed again: what is writeOnly is no longer required. */
export function relaxSecrets(schema: SchemaNode): SchemaNode {
  return mapSchema(schema, (node) => {
    const { required, properties } = node;
    if (!Array.isArray(required) || !isNode(properties)) return node;
    const isSecret = (name: string) => isNode(properties[name]) && properties[name].writeOnly === true;
    return { ...node, required: required.filter((name) => !isSecret(String(name))) };
  });
}

/** Without the nulls that stand for hidden secrets. */
export function dropNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(kept.map(([name, member]) => [name, dropNulls(member)]));
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The RFC 7386 merge patch that turns `from` into `to`. */
export function mergePatch(from: JsonObject, to: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const name of Object.keys(from)) if (!(name in to)) patch[name] = null;
  for (const [name, value] of Object.entries(to)) {
    const before = from[name];
    if (JSON.stringify(before) === JSON.stringify(value)) continue;
    patch[name] = isObject(before) && isObject(value) ? mergePatch(before, value) : value;
  }
  return patch;
}
