// A list: its title, its items as folding rows, and one clear button to add another.
import { Button, Group, Stack, Text } from '@mantine/core';
import { buttonId, titleId, type ArrayFieldTemplateProps } from '@rjsf/utils';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/Icon';

export function ArrayTemplate(props: ArrayFieldTemplateProps) {
  const { title, schema, fieldPathId, items, canAdd, onAddClick, disabled, readonly, rawErrors, required } = props;
  const { t } = useTranslation();
  return (
    <Stack gap={8} role="group" aria-labelledby={titleId(fieldPathId)} id={fieldPathId.$id} tabIndex={-1}>
      <Group gap={8} align="baseline">
        <Text id={titleId(fieldPathId)} fz="sm" fw={600}>
          {title}{required && <Text span c="red" aria-hidden> *</Text>}
        </Text>
        <Text fz="xs" c="dimmed" className="number">{items.length}</Text>
      </Group>
      {schema.description && <Text fz="xs" c="dimmed">{schema.description}</Text>}
      {rawErrors?.map((error) => <Text key={error} fz="xs" c="red" role="alert">{error}</Text>)}
      {items}
      {canAdd && (
        <div>
          <Button id={buttonId(fieldPathId, 'add')} size="xs" variant="light" leftSection={<Icon name="plus" size={14} />}
            disabled={disabled || readonly} onClick={onAddClick} aria-label={t('form.addTo', { title })}>
            {t('form.addItem')}
          </Button>
        </div>
      )}
    </Stack>
  );
}
