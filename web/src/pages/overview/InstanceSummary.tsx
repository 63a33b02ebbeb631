import { Anchor, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import type { Instance, InstanceState } from '../../api/types';
import { Section } from '../../components/Section';
import { StateBadge } from '../../components/StateBadge';
import { formatRate } from '../../format/value';

const SHOWN = 8;
// What needs somebody comes first.
const ORDER: InstanceState[] = ['quarantined', 'faulted', 'degraded', 'starting', 'stopping', 'running', 'stopped'];

export function InstanceSummary({ items, rates }: { items: Instance[]; rates: Map<string, number> }) {
  const { t } = useTranslation();
  const sorted = [...items].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.id.localeCompare(b.id));
  const counts = ORDER.map((state) => ({ state, count: items.filter((item) => item.state === state).length }));
  return (
    <Section title={t('overview.instances')} padded={false}
      actions={<Anchor component={Link} to="/instances" fz="xs">{t('common.showAll')}</Anchor>}>
      <Group gap="md" px="md" pb="sm">
        {counts.filter(({ count }) => count > 0).map(({ state, count }) => (
          <Group key={state} gap={6}><StateBadge state={state} /><Text fz="sm" className="number">{count}</Text></Group>
        ))}
      </Group>
      {sorted.slice(0, SHOWN).map((item) => <Row key={item.id} item={item} rate={rates.get(item.id)} />)}
    </Section>
  );
}

function Row({ item, rate }: { item: Instance; rate?: number }) {
  const { t, i18n } = useTranslation();
  const trouble = item.connection?.up === false ? item.connection.reason : (item.state === 'faulted' || item.state === 'quarantined') && item.last_error?.message;
  return (
    <Group justify="space-between" px="md" py={9} wrap="nowrap" style={{ borderTop: '1px solid var(--line)' }}>
      <div style={{ minWidth: 0 }}>
        <Link className="row-link" to={`/instances/${encodeURIComponent(item.id)}`}>{item.id}</Link>
        <Text span fz="xs" c="dimmed"> · {item.plugin}</Text>
        {trouble && <Text fz="xs" c="red" truncate>{trouble}</Text>}
      </div>
      <Group gap="md" wrap="nowrap">
        <Text fz="xs" c="dimmed" className="number">{t('common.perSecond', { rate: formatRate(rate, i18n.language) })}</Text>
        <StateBadge state={item.state} />
      </Group>
    </Group>
  );
}
