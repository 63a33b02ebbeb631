import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { keys } from '../../api/queries';
import { things } from '../../api/resources';
import type { PropertyAffordance, PropertyValue, Quality, Thing } from '../../api/types';
import { EmptyState } from '../../components/EmptyState';
import { useShown, ValueText } from '../../components/LiveValue';
import { QualityMark } from '../../components/QualityMark';
import { ScrollTable } from '../../components/ScrollTable';
import { TimeAgo } from '../../components/TimeAgo';
import { pickText } from '../../i18n/languages';
import { WriteControl } from './WriteControl';

interface Props {
  thing: Thing;
  values: Record<string, PropertyValue>;
}

export function PropertyTable({ thing, values }: Props) {
  const { t } = useTranslation();
  const properties = Object.entries(thing.properties ?? {});
  if (properties.length === 0) {
    return <EmptyState icon="things" title={t('thing.noProperties')}>{t('thing.noPropertiesText')}</EmptyState>;
  }
  const writable = properties.some(([, property]) => isWritable(property));
  const headings = [t('thing.property'), t('thing.value'), t('thing.quality'), { wide: t('thing.updated') }];
  return (
    <ScrollTable label={t('thing.properties')} headings={writable ? [...headings, t('thing.set')] : headings} minWidth={320}>
      {properties.map(([name, property]) => (
        <PropertyRow key={name} thing={thing.name} name={name} property={property} loaded={values[name]} writable={writable} />
      ))}
    </ScrollTable>
  );
}

function isWritable({ readOnly, forms }: PropertyAffordance): boolean {
  if (readOnly) return false;
  const operations = forms?.flatMap(({ op }) => op ?? []) ?? [];
  return operations.length === 0 || operations.includes('writeproperty');
}

interface RowProps {
  thing: string;
  name: string;
  property: PropertyAffordance;
  loaded?: PropertyValue;
  writable: boolean;
}

function PropertyRow({ thing, name, property, loaded, writable }: RowProps) {
  const { i18n } = useTranslation();
  const shown = useShown(`${thing}/${name}`, loaded);
  const title = pickText(property.titles, i18n.language, property.title ?? name);
  const unit = loaded?.unit ?? property.unit;
  return (
    <Table.Tr data-property={name}>
      <Table.Th scope="row" fw={500}>
        {title}
        {title !== name && <Text fz="xs" c="dimmed">{name}</Text>}
      </Table.Th>
      <Table.Td><ValueText shown={shown} unit={unit} /></Table.Td>
      <Table.Td><ReasonedQuality thing={thing} name={name} quality={shown.quality} /></Table.Td>
      <Table.Td c="dimmed" visibleFrom="sm"><TimeAgo time={shown.time} /></Table.Td>
      {writable && (
        <Table.Td>
          {isWritable(property) && (
            <WriteControl thing={thing} name={name} title={title} property={property} unit={unit} value={shown.value} />
          )}
        </Table.Td>
      )}
    </Table.Tr>
  );
}

/** The quality with the owner's reason, asked for only while something is wrong. */
function ReasonedQuality({ thing, name, quality }: { thing: string; name: string; quality: Quality }) {
  const query = useQuery({
    queryKey: [...keys.thing(thing), 'property', name],
    queryFn: () => things.property(thing, name),
    enabled: quality !== 'good',
    refetchInterval: 5000,
  });
  const reason = quality === 'good' ? undefined : query.data?.reason;
  return (
    <>
      <QualityMark quality={quality} reason={reason} withText />
      {reason && <Text fz="xs" c="dimmed" maw={260}>{reason}</Text>}
    </>
  );
}
