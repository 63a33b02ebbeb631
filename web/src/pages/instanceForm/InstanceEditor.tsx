// Edits an instance's id, whether it runs, and its configuration, as a form or as JSON.
import { Box, Button, Group, Switch, Tabs, TextInput } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router-dom';
import { ApiError } from '../../api/client';
import type { InstanceDraft, Json, JsonObject, Plugin } from '../../api/types';
import { ConfirmModal } from '../../components/ConfirmModal';
import { ErrorAlert } from '../../components/ErrorAlert';
import { Loading } from '../../components/PageState';
import { withoutDefaults } from '../../schema/defaults';
import type { SchemaNode } from '../../schema/walk';
import { InvalidNote } from './InvalidNote';
import { JsonEditor } from './JsonEditor';
import { parseConfig } from './parseConfig';
import { useLeaveGuard } from './useLeaveGuard';

const ConfigForm = lazy(() => import('./ConfigForm'));
const FORM_ID = 'config-form';

interface Props {
  plugin: Plugin;
  initial: InstanceDraft;
  editing: boolean;
  busy: boolean;
  error: unknown;
  onSave: (draft: InstanceDraft) => void;
  backTo: string;
}

export function InstanceEditor(props: Props) {
  const { plugin, editing, busy, error } = props;
  const { t } = useTranslation();
  const editor = useEditor(props);
  const problem = error instanceof ApiError ? error.problem : undefined;

  return (
    <>
      {problem?.status !== 412 && <ErrorAlert error={error} title={t('form.notSaved')} />}
      <InvalidNote count={editor.invalid} />
      <Box className="surface" p="lg">
        <Identity draft={editor.draft} editing={editing} error={problem?.field === '/id' ? problem.detail : undefined} onChange={editor.setDraft} />
        <Tabs value={editor.tab} onChange={editor.switchTab} keepMounted={false} mt="lg">
          <Tabs.List mb="lg">
            <Tabs.Tab value="form">{t('form.form')}</Tabs.Tab>
            <Tabs.Tab value="json">{t('form.json')}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="form">
            <Suspense fallback={<Loading />}>
              <ConfigForm
                formId={FORM_ID} schema={plugin.config_schema} editing={editing} value={editor.draft.config} serverError={problem}
                onChange={editor.setConfig} onSubmit={editor.save} onInvalid={editor.setInvalid}
              />
            </Suspense>
          </Tabs.Panel>
          <Tabs.Panel value="json">
            <JsonEditor formId={FORM_ID} text={editor.text} error={editor.textError} onChange={editor.setText} onSubmit={editor.submitText} />
          </Tabs.Panel>
        </Tabs>
      </Box>
      <Buttons busy={busy} editing={editing} guard={editor.guard} onCancel={editor.leave} />
    </>
  );
}

type Tab = 'form' | 'json';

function useEditor({ plugin, initial, onSave, backTo }: Props) {
  const navigate = useNavigate();
  const schema = plugin.config_schema as SchemaNode;
  const [draft, setDraft] = useState(initial);
  const [touched, setTouched] = useState(false);
  const [tab, setTab] = useState<Tab>('form');
  const [text, setText] = useState('');
  const [textError, setTextError] = useState('');
  const [invalid, setInvalid] = useState(0);
  const guard = useLeaveGuard(touched);

  const strip = (config: JsonObject) => withoutDefaults(schema, config as Json) as JsonObject;

  function store(config: JsonObject) {
    setInvalid(0);
    onSave({ ...draft, config: strip(config) });
  }

  function readText(): JsonObject | undefined {
    const parsed = parseConfig(text);
    setTextError(parsed.error ?? '');
    return parsed.config;
  }

  return {
    draft, tab, text, textError, invalid, guard, setInvalid,
    setDraft: (next: InstanceDraft) => { setDraft(next); setTouched(true); },
    // rjsf reports its defaults at once; only what differs from the start counts as the user's doing.
    setConfig: (config: JsonObject) => {
      setDraft((before) => ({ ...before, config }));
      if (JSON.stringify(strip(config)) !== JSON.stringify(strip(initial.config))) setTouched(true);
    },
    setText: (next: string) => { setText(next); setTouched(true); },
    save: () => store(draft.config),
    submitText: () => {
      const config = readText();
      if (config) store(config);
    },
    switchTab: (next: string | null) => {
      if (next === 'json') setText(JSON.stringify(strip(draft.config), null, 2));
      const config = next === 'form' ? readText() : draft.config;
      if (!config) return;
      setDraft({ ...draft, config });
      setTab(next as Tab);
    },
    leave: () => navigate(backTo),
  };
}

interface IdentityProps {
  draft: InstanceDraft;
  editing: boolean;
  error?: string;
  onChange: (draft: InstanceDraft) => void;
}

function Identity({ draft, editing, error, onChange }: IdentityProps) {
  const { t } = useTranslation();
  return (
    <Group align="flex-start" gap="xl">
      <TextInput
        label={t('form.id')} description={t('form.idHint')} required value={draft.id} disabled={editing} error={error} w={300}
        form={FORM_ID} autoFocus={!editing} autoComplete="off" spellCheck={false}
        onChange={(event) => onChange({ ...draft, id: event.currentTarget.value })}
      />
      <Switch label={t('form.enabled')} description={t('form.enabledHint')} checked={draft.enabled} mt={26}
        onChange={(event) => onChange({ ...draft, enabled: event.currentTarget.checked })} />
    </Group>
  );
}

interface ButtonsProps {
  busy: boolean;
  editing: boolean;
  guard: ReturnType<typeof useLeaveGuard>;
  onCancel: () => void;
}

function Buttons({ busy, editing, guard, onCancel }: ButtonsProps) {
  const { t } = useTranslation();
  return (
    <>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onCancel}>{t('common.cancel')}</Button>
        <Button type="submit" form={FORM_ID} loading={busy}>{editing ? t('form.save') : t('form.create')}</Button>
      </Group>
      <ConfirmModal opened={guard.asking} title={t('form.leaveTitle')} confirm={t('form.leave')} danger
        onConfirm={guard.leave} onCancel={guard.stay}>
        {t('form.leaveText')}
      </ConfirmModal>
    </>
  );
}
