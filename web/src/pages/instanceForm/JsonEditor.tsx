import { Textarea } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface Props {
  formId: string;
  text: string;
  error: string;
  onChange: (text: string) => void;
  onSubmit: () => void;
}

export function JsonEditor({ formId, text, error, onChange, onSubmit }: Props) {
  const { t } = useTranslation();
  return (
    <form
      id={formId}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <Textarea
        label={t('form.jsonLabel')} description={t('form.jsonHint')} value={text} autosize minRows={14} maxRows={40} spellCheck={false}
        error={error && t('form.jsonError', { error })} onChange={(event) => onChange(event.currentTarget.value)}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
      />
    </form>
  );
}
