// One point's latest value: from the stream when it has spoken, else what the page loaded.
import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { PropertyValue } from '../api/types';
import { formatValue } from '../format/value';
import { useReading } from '../live/hooks';

export type Shown = Pick<PropertyValue, 'value' | 'time' | 'quality'>;

const NOTHING: Shown = { value: null, time: null, quality: 'stale' };

/** The newer of what was loaded and what the stream said. */
export function newest(loaded: Shown | undefined, live: Shown | undefined): Shown {
  if (!live || !loaded?.time) return live ?? loaded ?? NOTHING;
  if (!live.time) return loaded;
  return Date.parse(live.time) >= Date.parse(loaded.time) ? live : loaded;
}

export function useShown(point: string, loaded?: Shown): Shown {
  return newest(loaded, useReading(point));
}

export function ValueText({ shown, unit }: { shown: Shown; unit?: string }) {
  const { t, i18n } = useTranslation();
  const text = formatValue(shown.value, i18n.language, [t('value.false'), t('value.true')]);
  const faded = shown.quality === 'bad' || shown.quality === 'stale';
  return (
    <Text span inherit className="number" fw={550} c={faded ? 'dimmed' : undefined} style={{ whiteSpace: 'nowrap' }}>
      {text}
      {unit && shown.value !== null && <Text span inherit fw={400} c="dimmed"> {unit}</Text>}
    </Text>
  );
}
