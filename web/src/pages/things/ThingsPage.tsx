import { Button, Group, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import { useThings } from '../../api/queries';
import type { Page, Thing } from '../../api/types';
import { EmptyState } from '../../components/EmptyState';
import { Icon } from '../../components/Icon';
import { PageHeader } from '../../components/PageHeader';
import { PageState } from '../../components/PageState';
import { useWatch } from '../../live/hooks';
import { ThingRow } from './ThingRow';

const PAGE_SIZE = 50;

export default function ThingsPage() {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed, 250);
  // The cursors of the pages behind us; the last one is this page's.
  const [cursors, setCursors] = useState<string[]>([]);
  const query = useThings(search, cursors[cursors.length - 1] ?? null, PAGE_SIZE);
  useWatch(query.data?.items.map(({ name }) => `${name}/*`) ?? []);

  return (
    <>
      <PageHeader title={t('nav.things')} subtitle={t('things.subtitle')} />
      <TextInput
        mb="md" maw={380} type="search" aria-label={t('things.search')} placeholder={t('things.search')}
        leftSection={<Icon name="search" size={16} />} value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setCursors([]);
        }}
      />
      <PageState query={query}>
        {(page) => (
          <>
            <ThingList page={page} search={search} />
            <Pager
              next={page.next} first={cursors.length === 0}
              onNext={(next) => setCursors([...cursors, next])} onBack={() => setCursors(cursors.slice(0, -1))}
            />
          </>
        )}
      </PageState>
    </>
  );
}

function ThingList({ page, search }: { page: Page<Thing>; search: string }) {
  const { t } = useTranslation();
  if (page.items.length > 0) {
    return (
      <ul className="surface" style={{ listStyle: 'none', margin: 0, padding: 0 }} aria-label={t('nav.things')}>
        {page.items.map((thing, index) => <ThingRow key={thing.id} thing={thing} first={index === 0} />)}
      </ul>
    );
  }
  if (search) {
    return (
      <div className="surface"><EmptyState icon="search" title={t('things.noMatch', { search })}>{t('things.noMatchText')}</EmptyState></div>
    );
  }
  return (
    <div className="surface">
      <EmptyState icon="things" title={t('things.none')}
        action={<Button component={Link} to="/instances/new">{t('instances.add')}</Button>}>
        {t('things.noneText')}
      </EmptyState>
    </div>
  );
}

interface PagerProps {
  next: string | null;
  first: boolean;
  onNext: (cursor: string) => void;
  onBack: () => void;
}

function Pager({ next, first, onNext, onBack }: PagerProps) {
  const { t } = useTranslation();
  if (first && !next) return null;
  return (
    <Group justify="space-between" mt="md">
      <Button variant="default" size="xs" disabled={first} onClick={onBack} leftSection={<Icon name="left" size={14} />}>
        {t('common.previous')}
      </Button>
      <Text fz="xs" c="dimmed">{t('things.pageSize', { count: PAGE_SIZE })}</Text>
      <Button variant="default" size="xs" disabled={!next} onClick={() => next && onNext(next)}
        rightSection={<Icon name="right" size={14} />}>
        {t('common.next')}
      </Button>
    </Group>
  );
}
