import type { JsonObject } from '../../api/types';
import { isNode } from '../../schema/walk';

/** A configuration typed as JSON. `error` is the parser's own message, or empty when it is no object. */
export function parseConfig(text: string): { config?: JsonObject; error?: string } {
  try {
    const value: unknown = JSON.parse(text);
    return isNode(value) ? { config: value as JsonObject } : { error: '{ … }' };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
