import { Table } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Delivery, Instance, InstanceStats, Json } from '../../api/types';
import { Section } from '../../components/Section';
import { formatNumber } from '../../format/value';

const COUNTERS: (keyof InstanceStats)[] = ['readings', 'batches', 'polls', 'errors', 'restarts', 'lag'];
const DELIVERY: Exclude<keyof Delivery, 'lag'>[] = ['delivered', 'rate_per_s', 'retries', 'dead_letters'];

/** Since its last start: the host's counters, what it sends out, then the plugin's own metrics under their own names. */
export function StatsSection({ instance }: { instance: Instance }) {
  const { t, i18n } = useTranslation();
  const show = (value: Json) => (typeof value === 'number' ? formatNumber(value, i18n.language) : JSON.stringify(value));
  const counters = COUNTERS.flatMap((name) => {
    const value = instance.stats[name];
    return value === undefined ? [] : [{ name: t(`instance.stats.${name}`), value: show(value) }];
  });
  const { delivery } = instance;
  const sent = delivery ? DELIVERY.map((name) => ({ name: t(`instance.delivery.${name}`), value: show(delivery[name]) })) : [];
  const metrics = Object.entries(instance.metrics ?? {}).map(([name, value]) => ({ name, value: show(value) }));
  return (
    <Section title={t('instance.statistics')} padded={false}>
      <Table verticalSpacing={7} horizontalSpacing="md" borderColor="var(--line)" aria-label={t('instance.statistics')}>
        <Table.Tbody>
          {[...counters, ...sent, ...metrics].map(({ name, value }) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={400} fz="sm" c="dimmed">{name}</Table.Th>
              <Table.Td ta="right" fz="sm" className="number">{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
}
