// Schemas carry `titles` and `descriptions` by language; forms want one `title` and one `description`.
import { pickText } from '../i18n/languages';
import { isNode, mapSchema, type SchemaNode } from './walk';

type Texts = Record<string, string>;

function translateNode(node: SchemaNode, language: string): SchemaNode {
  const { titles, descriptions, ...rest } = node;
  const title = pickText(isNode(titles) ? (titles as Texts) : undefined, language, String(node.title ?? ''));
  const description = pickText(
    isNode(descriptions) ? (descriptions as Texts) : undefined, language, String(node.description ?? ''));
  if (title) rest.title = title;
  if (description) rest.description = description;
  return rest;
}

export function translateSchema(schema: SchemaNode, language: string): SchemaNode {
  return mapSchema(schema, (node) => translateNode(node, language));
}
