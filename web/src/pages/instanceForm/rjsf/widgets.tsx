import { Switch } from '@mantine/core';
import MantineSelect from '@rjsf/mantine/lib/widgets/SelectWidget.js';
import { getTemplate, type RJSFSchema, type WidgetProps } from '@rjsf/utils';
import { useTranslation } from 'react-i18next';

/** With its description, and a way back to nothing where nothing is allowed. */
export function SelectWidget(props: WidgetProps) {
  const { t } = useTranslation();
  const options = {
    ...props.options,
    description: props.options.description ?? props.schema.description,
    allowDeselect: false, // Choosing the same again must not empty the field; clearing has its own button.
    clearable: !props.required,
    clearButtonProps: { 'aria-label': t('form.clear') },
  };
  return <MantineSelect {...props} options={options as WidgetProps['options']} />;
}

export function SwitchWidget({ id, value, label, schema, disabled, readonly, rawErrors, onChange }: WidgetProps) {
  return (
    <Switch
      id={id} label={label} description={schema.description} checked={value === true} disabled={disabled || readonly} mt={26}
      error={rawErrors?.length ? rawErrors.join('\n') : undefined}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

// `["number", "null"]` is a number that may be left empty.
function plainType(schema: RJSFSchema): RJSFSchema {
  const { type } = schema;
  return Array.isArray(type) ? { ...schema, type: type.find((each) => each !== 'null') } : schema;
}

/** Text, or dots for what the schema calls writeOnly. */
export function TextWidget(props: WidgetProps) {
  const { t } = useTranslation();
  const { PasswordWidget } = props.registry.widgets;
  if (props.schema.writeOnly && PasswordWidget) return <PasswordWidget {...props} placeholder={t('form.secretKept')} />;
  const BaseInput = getTemplate('BaseInputTemplate', props.registry, props.options);
  return <BaseInput {...props} schema={plainType(props.schema)} />;
}
