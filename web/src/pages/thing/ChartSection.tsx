import { Center, Chip, Group, Loader } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PropertyAffordance, Thing } from '../../api/types';
import { Section } from '../../components/Section';
import { pickText } from '../../i18n/languages';
import type { ChartLine } from './HistoryChart';

const HistoryChart = lazy(() => import('./HistoryChart'));

const isNumeric = ({ type }: PropertyAffordance) => type === 'number' || type === 'integer';

/** The last hour of the numeric properties that the user picks. */
export function ChartSection({ thing }: { thing: Thing }) {
  const { t, i18n } = useTranslation();
  const numeric: ChartLine[] = Object.entries(thing.properties ?? {})
    .filter(([, property]) => isNumeric(property))
    .map(([name, property]) => ({
      point: `${thing.name}/${name}`,
      title: pickText(property.titles, i18n.language, property.title ?? name),
      unit: property.unit ?? '',
    }));
  const [picked, setPicked] = useState<string[]>(numeric.slice(0, 1).map(({ point }) => point));
  if (numeric.length === 0) return null;
  const lines = numeric.filter(({ point }) => picked.includes(point));

  return (
    <Section title={t('thing.lastHour')}>
      <Chip.Group multiple value={picked} onChange={setPicked}>
        <Group gap={6} mb="sm" role="group" aria-label={t('thing.chartProperties')}>
          {numeric.map(({ point, title }) => <Chip key={point} value={point} size="xs" variant="outline">{title}</Chip>)}
        </Group>
      </Chip.Group>
      <Suspense fallback={<Center h={280}><Loader size="sm" aria-label={t('common.loading')} /></Center>}>
        <HistoryChart key={lines.map(({ point }) => point).join(',')} lines={lines} />
      </Suspense>
    </Section>
  );
}
