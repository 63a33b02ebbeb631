import { Anchor, SimpleGrid, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useSearchParams } from 'react-router-dom';
import { useForgetInstances, usePlugins } from '../../api/queries';
import { instances } from '../../api/resources';
import type { InstanceDraft, Plugin } from '../../api/types';
import { EmptyState } from '../../components/EmptyState';
import { PageHeader } from '../../components/PageHeader';
import { PageState } from '../../components/PageState';
import { useNotify } from '../../components/useNotify';
import { pickText } from '../../i18n/languages';
import { InstanceEditor } from './InstanceEditor';
import { SAVED } from './useLeaveGuard';

export default function AddInstancePage() {
  const [search] = useSearchParams();
  const query = usePlugins();
  return (
    <PageState query={query}>
      {({ items }) => {
        const loaded = items.filter(({ state }) => state === 'loaded');
        const plugin = loaded.find(({ id }) => id === search.get('plugin'));
        return plugin ? <NewInstance key={plugin.id} plugin={plugin} /> : <PluginChoice plugins={loaded} />;
      }}
    </PageState>
  );
}

function PluginChoice({ plugins }: { plugins: Plugin[] }) {
  const { t, i18n } = useTranslation();
  return (
    <>
      <PageHeader title={t('form.addTitle')} subtitle={t('form.choosePlugin')} />
      {plugins.length === 0 && <div className="surface"><EmptyState icon="plugins" title={t('plugins.none')}>{t('plugins.noneText')}</EmptyState></div>}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} component="ul" p={0} m={0}>
        {plugins.map((plugin) => (
          <Stack key={plugin.id} component="li" className="surface" p="md" gap={4} style={{ listStyle: 'none' }}>
            <Anchor component={Link} to={`/instances/new?plugin=${encodeURIComponent(plugin.id)}`} fw={600}>
              {pickText(plugin.titles, i18n.language, plugin.id)}
            </Anchor>
            <Text fz="xs" c="dimmed">{t(`plugins.kind.${plugin.kind}`)}</Text>
            <Text fz="sm">{pickText(plugin.descriptions, i18n.language, '')}</Text>
          </Stack>
        ))}
      </SimpleGrid>
    </>
  );
}

function NewInstance({ plugin }: { plugin: Plugin }) {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const forget = useForgetInstances();
  const notify = useNotify();
  const initial = useMemo<InstanceDraft>(() => ({ id: '', plugin: plugin.id, config: {}, enabled: true }), [plugin.id]);
  const create = useMutation({
    mutationFn: instances.create,
    onSuccess: (_, { id }) => {
      forget();
      notify.done(t('form.created', { id }));
      navigate(`/instances/${encodeURIComponent(id)}`, { state: SAVED });
    },
  });

  return (
    <>
      <PageHeader
        title={t('form.addNamed', { title: pickText(plugin.titles, i18n.language, plugin.id) })}
        subtitle={<>{pickText(plugin.descriptions, i18n.language, '')} <Anchor component={Link} to="/instances/new" inherit>{t('form.otherPlugin')}</Anchor></>}
      />
      <InstanceEditor plugin={plugin} initial={initial} editing={false} busy={create.isPending} error={create.error} onSave={create.mutate} backTo="/instances" />
    </>
  );
}
