import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import type { PropertyAffordance, Thing } from '../../api/types';
import { useShown, ValueText } from '../../components/LiveValue';
import { QualityMark } from '../../components/QualityMark';
import { pickText } from '../../i18n/languages';

const SHOWN = 4;

/** One Thing with the live values of its first properties. */
export function ThingRow({ thing, first }: { thing: Thing; first: boolean }) {
  const { t, i18n } = useTranslation();
  const properties = Object.entries(thing.properties ?? {});
  const hidden = properties.length - SHOWN;
  const title = pickText(thing.titles, i18n.language, thing.title || thing.name);
  return (
    <Group component="li" justify="space-between" px="md" py="sm" gap="md"
      style={first ? undefined : { borderTop: '1px solid var(--line)' }}>
      <div style={{ minWidth: 180 }}>
        <Link className="row-link" to={`/things/${encodeURIComponent(thing.name)}`}>{title}</Link>
        {title !== thing.name && <Text fz="xs" c="dimmed">{thing.name}</Text>}
      </div>
      <Group gap="lg" fz="sm">
        {properties.slice(0, SHOWN).map(([name, property]) => (
          <LiveChip key={name} point={`${thing.name}/${name}`} name={name} property={property} />
        ))}
        {hidden > 0 && <Text fz="xs" c="dimmed">{t('things.more', { count: hidden })}</Text>}
      </Group>
    </Group>
  );
}

function LiveChip({ point, name, property }: { point: string; name: string; property: PropertyAffordance }) {
  const { i18n } = useTranslation();
  const shown = useShown(point);
  return (
    <Group gap={7} wrap="nowrap">
      <QualityMark quality={shown.quality} />
      <Text fz="sm" c="dimmed">{pickText(property.titles, i18n.language, property.title ?? name)}</Text>
      <ValueText shown={shown} unit={property.unit} />
    </Group>
  );
}
