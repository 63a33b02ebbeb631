import { useMutation, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router-dom';
import { ApiError, type Answer } from '../../api/client';
import { useForgetInstances, usePlugins } from '../../api/queries';
import { instances } from '../../api/resources';
import type { Instance, InstanceDraft, Json, JsonObject, Plugin } from '../../api/types';
import { EmptyState } from '../../components/EmptyState';
import { PageHeader } from '../../components/PageHeader';
import { PageState } from '../../components/PageState';
import { useNotify } from '../../components/useNotify';
import { dropNulls, mergePatch } from '../../schema/secrets';
import { ConflictAlert } from './ConflictAlert';
import { InstanceEditor } from './InstanceEditor';
import { SAVED } from './useLeaveGuard';

export default function EditInstancePage() {
  const { id = '' } = useParams();
  const { t } = useTranslation();
  const plugins = usePlugins();
  // Read once, under a key of its own that no refresh reaches: what is sent must name the version that was seen.
  const query = useQuery({
    queryKey: ['editInstance', id],
    queryFn: () => instances.read(id),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });

  return (
    <>
      <PageHeader title={t('form.editTitle', { id })} subtitle={t('form.editText')} />
      <PageState query={plugins}>
        {({ items }) => (
          <PageState query={query}>
            {(answer) => {
              const plugin = items.find(({ id: known, state }) => known === answer.data.plugin && state === 'loaded');
              if (!plugin) return <EmptyState icon="warning" title={t('form.noPlugin', { plugin: answer.data.plugin })} />;
              return <Editing key={query.dataUpdatedAt} plugin={plugin} answer={answer} onReload={() => void query.refetch()} />;
            }}
          </PageState>
        )}
      </PageState>
    </>
  );
}

interface EditingProps {
  plugin: Plugin;
  answer: Answer<Instance>;
  onReload: () => void;
}

interface Change {
  draft: InstanceDraft;
  /** Save over what somebody else stored in the meantime. */
  overwrite?: boolean;
}

function Editing({ plugin, answer, onReload }: EditingProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const forget = useForgetInstances();
  const notify = useNotify();
  const { id, enabled } = answer.data;
  const initial = useMemo<InstanceDraft>(
    () => ({ id, plugin: plugin.id, enabled, config: dropNulls(answer.data.config as Json) as JsonObject }),
    [id, plugin.id, enabled, answer],
  );
  const change = useMutation({
    mutationFn: async ({ draft, overwrite }: Change) => {
      const etag = overwrite ? (await instances.read(id)).etag : answer.etag;
      return instances.patch(id, { enabled: draft.enabled, config: mergePatch(initial.config, draft.config) }, etag);
    },
    onSuccess: () => {
      forget();
      notify.done(t('form.saved', { id }));
      navigate(`/instances/${encodeURIComponent(id)}`, { state: SAVED });
    },
  });

  const conflict = change.error instanceof ApiError && change.error.status === 412;
  return (
    <>
      {conflict && (
        <ConflictAlert onReload={onReload} busy={change.isPending}
          onOverwrite={() => change.variables && change.mutate({ ...change.variables, overwrite: true })} />
      )}
      <InstanceEditor plugin={plugin} initial={initial} editing busy={change.isPending} error={change.error}
        onSave={(draft) => change.mutate({ draft })} backTo={`/instances/${encodeURIComponent(id)}`} />
    </>
  );
}
