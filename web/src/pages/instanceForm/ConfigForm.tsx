// The form made from a plugin's configuration schema. Loaded on its own: rjsf is large.
import type { RJSFSchema } from '@rjsf/utils';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConfigSchema, JsonObject } from '../../api/types';
import { relaxSecrets } from '../../schema/secrets';
import { configPath, errorAt } from '../../schema/serverErrors';
import { translateSchema } from '../../schema/translate';
import { createValidator } from '../../schema/validator';
import { createWording } from '../../schema/wording';
import { createTranslator } from './rjsf/strings';
import { SchemaForm } from './rjsf/theme';

interface Props {
  formId: string;
  schema: ConfigSchema;
  /** Secrets are stored already and may be left empty. */
  editing: boolean;
  value: JsonObject;
  serverError?: { field?: string; detail: string };
  onChange: (value: JsonObject) => void;
  onSubmit: () => void;
  onInvalid: (count: number) => void;
}

const UI_SCHEMA = { 'ui:globalOptions': { copyable: true } };

export default function ConfigForm({ formId, schema, editing, value, serverError, onChange, onSubmit, onInvalid }: Props) {
  const { t, i18n } = useTranslation();
  const [tried, setTried] = useState(false);
  const shown = useMemo(() => {
    // The page says what the form is about; the root's own texts would say it again.
    const { title, description, ...rest } = translateSchema(editing ? relaxSecrets(schema) : schema, i18n.language);
    return rest as RJSFSchema;
  }, [schema, editing, i18n.language]);
  const validator = useMemo(() => createValidator(createWording(t)), [t]);
  const translateString = useMemo(() => createTranslator(t), [t]);
  const path = configPath(serverError?.field);

  return (
    <SchemaForm
      id={formId} schema={shown} uiSchema={UI_SCHEMA} validator={validator} formData={value} translateString={translateString}
      extraErrors={path && serverError ? errorAt(path, serverError.detail) : undefined}
      noHtml5Validate showErrorList={false} focusOnFirstError liveValidate={tried}
      onChange={({ formData }) => onChange(formData as JsonObject)}
      onSubmit={onSubmit}
      onError={(errors) => {
        setTried(true);
        onInvalid(errors.length);
      }}
    >
      <></>
    </SchemaForm>
  );
}
