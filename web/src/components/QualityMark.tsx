// A dot for the quality of a reading, with the word and the reason for hover, keyboard and screen reader.
import { Text, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Quality } from '../api/types';

const COLORS: Record<Quality, string> = {
  good: 'var(--mantine-color-jade-5)',
  uncertain: 'var(--mantine-color-yellow-6)',
  bad: 'var(--mantine-color-red-6)',
  stale: 'var(--mantine-color-gray-5)',
};

interface Props {
  quality: Quality;
  reason?: string;
  withText?: boolean;
}

export function QualityMark({ quality, reason, withText }: Props) {
  const { t } = useTranslation();
  const word = t(`quality.${quality}`);
  const explanation = [t(`quality.${quality}Hint`), reason].filter(Boolean).join(' ');
  return (
    <Tooltip label={explanation} multiline maw={320}>
      <span
        role="img" aria-label={`${word}. ${explanation}`} tabIndex={quality === 'good' ? undefined : 0}
        style={{ display: 'inline-flex', alignItems: 'center', gap: 7, whiteSpace: 'nowrap' }}
      >
        <span style={{ width: 8, height: 8, borderRadius: 4, background: COLORS[quality], flex: 'none' }} />
        {withText && <Text span inherit visibleFrom="sm">{word}</Text>}
      </span>
    </Tooltip>
  );
}
