// rjsf's own few strings in the console's languages.
import { englishStringTranslator, TranslatableString } from '@rjsf/utils';
import type { TFunction } from 'i18next';

const KEYS = {
  [TranslatableString.AddItemButton]: 'form.addItem',
  [TranslatableString.AddButton]: 'form.addItem',
  [TranslatableString.CopyButton]: 'form.duplicate',
  [TranslatableString.RemoveButton]: 'form.remove',
  [TranslatableString.MoveUpButton]: 'form.moveUp',
  [TranslatableString.MoveDownButton]: 'form.moveDown',
  [TranslatableString.YesLabel]: 'value.true',
  [TranslatableString.NoLabel]: 'value.false',
  [TranslatableString.OptionalObjectAdd]: 'form.addItem',
  [TranslatableString.OptionalObjectRemove]: 'form.remove',
  [TranslatableString.NewStringDefault]: 'form.newValue',
} as const;

const isKnown = (text: string): text is keyof typeof KEYS => text in KEYS;

export const createTranslator = (t: TFunction) => (text: TranslatableString, params?: string[]) => {
  if (isKnown(text)) return t(KEYS[text]);
  if (text === TranslatableString.KeyLabel) return t('form.keyOf', { name: params?.[0] });
  return englishStringTranslator(text, params);
};
