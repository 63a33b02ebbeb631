import { Button, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import { useInstances } from '../../api/queries';
import type { Instance } from '../../api/types';
import { Connection } from '../../components/Connection';
import { EmptyState } from '../../components/EmptyState';
import { Icon } from '../../components/Icon';
import { InstanceMenu } from '../../components/InstanceMenu';
import { PageHeader } from '../../components/PageHeader';
import { PageState } from '../../components/PageState';
import { ScrollTable } from '../../components/ScrollTable';
import { StateBadge } from '../../components/StateBadge';
import { TimeAgo } from '../../components/TimeAgo';
import { formatRate } from '../../format/value';
import { useReadingRates } from '../../live/hooks';

export default function InstancesPage() {
  const { t } = useTranslation();
  const query = useInstances();
  const rates = useReadingRates(query.data?.items, query.dataUpdatedAt);
  return (
    <>
      <PageHeader title={t('nav.instances')} subtitle={t('instances.subtitle')} actions={<AddButton />} />
      <div className="surface">
        <PageState query={query}>
          {({ items }) => (items.length === 0 ? (
            <EmptyState icon="instances" title={t('instances.none')} action={<AddButton />}>{t('instances.noneText')}</EmptyState>
          ) : (
            <InstanceTable items={items} rates={rates} />
          ))}
        </PageState>
      </div>
    </>
  );
}

function AddButton() {
  const { t } = useTranslation();
  return (
    <Button component={Link} to="/instances/new" leftSection={<Icon name="plus" size={16} />}>{t('instances.add')}</Button>
  );
}

function InstanceTable({ items, rates }: { items: Instance[]; rates: Map<string, number> }) {
  const { t } = useTranslation();
  const headings = [
    t('instances.id'), t('instances.state'), t('instances.connection'), t('instances.rate'), t('instances.lastError'), '',
  ];
  return (
    <ScrollTable label={t('nav.instances')} headings={headings} minWidth={820}>
      {items.map((instance) => <InstanceRow key={instance.id} instance={instance} rate={rates.get(instance.id)} />)}
    </ScrollTable>
  );
}

function InstanceRow({ instance, rate }: { instance: Instance; rate?: number }) {
  const { t, i18n } = useTranslation();
  const { id, plugin, last_error: error } = instance;
  return (
    <Table.Tr>
      <Table.Th scope="row">
        <Link className="row-link" to={`/instances/${encodeURIComponent(id)}`}>{id}</Link>
        <Text fz="xs" c="dimmed">{plugin}</Text>
      </Table.Th>
      <Table.Td><StateBadge state={instance.state} /></Table.Td>
      <Table.Td fz="sm"><Connection instance={instance} /></Table.Td>
      <Table.Td className="number" fz="sm" style={{ whiteSpace: 'nowrap' }}>
        {t('common.perSecond', { rate: formatRate(rate, i18n.language) })}
      </Table.Td>
      <Table.Td maw={280}>
        {error ? (
          <>
            <Text fz="sm" lineClamp={2} title={error.message}>{error.message}</Text>
            <Text fz="xs" c="dimmed" component="div"><TimeAgo time={error.time} /></Text>
          </>
        ) : <Text span fz="sm" c="dimmed">–</Text>}
      </Table.Td>
      <Table.Td ta="right"><InstanceMenu instance={instance} /></Table.Td>
    </Table.Tr>
  );
}
