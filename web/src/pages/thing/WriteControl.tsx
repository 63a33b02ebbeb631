// Writes one property to the equipment and says what the equipment then reported.
import { Button, Group, NumberInput, Select, Switch, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { keys } from '../../api/queries';
import { things } from '../../api/resources';
import type { PropertyAffordance, PropertyValue, Scalar } from '../../api/types';
import { useNotify } from '../../components/useNotify';
import { formatValue } from '../../format/value';

interface Props {
  thing: string;
  name: string;
  title: string;
  property: PropertyAffordance;
  unit?: string;
  value: Scalar | null;
}

function useWrite({ thing, name, title }: Props) {
  const { t, i18n } = useTranslation();
  const notify = useNotify();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (value: Scalar) => things.write(thing, name, value),
    onSuccess: (read) => {
      client.setQueryData<Record<string, PropertyValue>>([...keys.thing(thing), 'properties'], (all) => ({ ...all, [name]: read }));
      const value = formatValue(read.value, i18n.language, [t('value.false'), t('value.true')]);
      notify.done(t('thing.written', { title, value, unit: read.unit ?? '' }));
    },
    onError: (error) => notify.failed(t('thing.notWritten', { title }), error),
  });
}

export function WriteControl(props: Props) {
  const { t } = useTranslation();
  const write = useWrite(props);
  const { property, title, value } = props;
  const label = t('thing.setLabel', { title });
  if (property.type === 'boolean') {
    return (
      <Switch
        aria-label={label} checked={write.isPending ? write.variables === true : value === true}
        disabled={write.isPending} onChange={(event) => write.mutate(event.currentTarget.checked)}
      />
    );
  }
  return <ValueForm {...props} label={label} busy={write.isPending} onSubmit={(next) => write.mutate(next)} />;
}

interface ValueFormProps extends Props {
  label: string;
  busy: boolean;
  onSubmit: (value: Scalar) => void;
}

function ValueForm({ property, unit, label, busy, onSubmit }: ValueFormProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<Scalar | ''>('');
  const numeric = property.type === 'number' || property.type === 'integer';
  const mayBeEmpty = property.type === 'string' && !property.enum;
  const ready = draft !== '' || mayBeEmpty;

  function submit(event: FormEvent) {
    event.preventDefault();
    if (ready) onSubmit(numeric ? Number(draft) : draft);
  }

  return (
    <form onSubmit={submit}>
      <Group gap={6} wrap="nowrap">
        <ValueInput property={property} unit={unit} label={label} draft={draft} onDraft={setDraft} />
        <Button type="submit" size="xs" variant="default" loading={busy} disabled={!ready}>
          {t('thing.set')}
        </Button>
      </Group>
    </form>
  );
}

interface ValueInputProps {
  property: PropertyAffordance;
  unit?: string;
  label: string;
  draft: Scalar | '';
  onDraft: (value: Scalar | '') => void;
}

function ValueInput({ property, unit, label, draft, onDraft }: ValueInputProps) {
  const common = { size: 'xs' as const, w: 150, 'aria-label': label };
  if (property.enum) {
    const byText = new Map(property.enum.map((choice) => [String(choice), choice]));
    return (
      <Select {...common} data={[...byText.keys()]} value={draft === '' ? null : String(draft)}
        onChange={(text) => onDraft(byText.get(text ?? '') ?? '')} />
    );
  }
  if (property.type === 'number' || property.type === 'integer') {
    const { minimum, maximum } = property;
    return (
      <NumberInput {...common} value={draft as number | ''} onChange={onDraft} min={minimum} max={maximum}
        allowDecimal={property.type === 'number'} suffix={unit ? ` ${unit}` : undefined}
        placeholder={rangeText(minimum, maximum)} />
    );
  }
  return <TextInput {...common} value={String(draft)} onChange={(event) => onDraft(event.currentTarget.value)} />;
}

function rangeText(minimum?: number, maximum?: number): string | undefined {
  if (minimum !== undefined && maximum !== undefined) return `${minimum} – ${maximum}`;
  if (minimum !== undefined) return `≥ ${minimum}`;
  return maximum === undefined ? undefined : `≤ ${maximum}`;
}
