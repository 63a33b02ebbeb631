// What the validator found, in the user's language, naming the limit.
import type { TFunction } from 'i18next';
import type { Finding, Wording } from './validator';

const LIMITED = [
  'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength', 'minItems',
  'maxItems', 'pattern', 'enum', 'const', 'type', 'format', 'minProperties', 'maxProperties',
] as const;
const PLAIN = ['required', 'additionalProperties', 'uniqueItems', 'oneOf', 'anyOf', 'dependentRequired'] as const;

function limitText(limit: unknown): string {
  if (Array.isArray(limit)) return limit.map(limitText).join(', ');
  return typeof limit === 'string' ? limit : JSON.stringify(limit);
}

const among = <T extends string>(list: readonly T[], keyword: string) => list.find((each) => each === keyword);

export function createWording(t: TFunction): Wording {
  return ({ keyword, limit }: Finding) => {
    const limited = among(LIMITED, keyword);
    if (limited) return t(`form.error.${limited}`, { limit: limitText(limit) });
    const plain = among(PLAIN, keyword);
    return plain ? t(`form.error.${plain}`) : t('form.error.other', { keyword });
  };
}
