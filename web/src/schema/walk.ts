// Visits every schema node of a JSON Schema, and only schema nodes: a property that happens to be named
// `titles` or `items` is left alone.
export type SchemaNode = { [key: string]: unknown };

const ONE = ['additionalProperties', 'items', 'contains', 'propertyNames', 'not', 'if', 'then', 'else'];
const MAPS = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies'];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items'];

export function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy in which `change` has been applied to every node, children first. */
export function mapSchema(node: SchemaNode, change: (node: SchemaNode) => SchemaNode): SchemaNode {
  const visit = (child: unknown) => (isNode(child) ? mapSchema(child, change) : child);
  const copy = { ...node };
  for (const key of ONE) if (isNode(copy[key])) copy[key] = visit(copy[key]);
  for (const key of LISTS) if (Array.isArray(copy[key])) copy[key] = (copy[key] as unknown[]).map(visit);
  for (const key of MAPS) {
    const map = copy[key];
    if (isNode(map)) copy[key] = Object.fromEntries(Object.entries(map).map(([name, child]) => [name, visit(child)]));
  }
  return change(copy);
}
