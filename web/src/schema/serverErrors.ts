// A problem's `field` (a JSON pointer into the request) as an error at the form's field.
import type { ErrorSchema } from '@rjsf/utils';
import { pointerParts } from './pointer';

/** The path inside `config`, or undefined when the pointer names something else, such as `/id`. */
export function configPath(field: string | undefined): string[] | undefined {
  if (!field) return undefined;
  const [first, ...rest] = pointerParts(field);
  return first === 'config' ? rest : undefined;
}

export function errorAt(path: string[], message: string): ErrorSchema {
  const leaf = { __errors: [message] } as unknown as ErrorSchema; // The type cannot say which names are members.
  return path.reduceRight<ErrorSchema>((inner, name) => ({ [name]: inner }), leaf);
}
