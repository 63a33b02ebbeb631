// One item of a list. Objects fold to a line that sums them up: a meter has hundreds of points, and only the
// open ones cost inputs.
import { ActionIcon, Badge, Box, Collapse, Group, Text, UnstyledButton } from '@mantine/core';
import type { ArrayFieldItemTemplateProps, ErrorSchema } from '@rjsf/utils';
import { isValidElement, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { JsonObject } from '../../../api/types';
import { Icon, type IconName } from '../../../components/Icon';
import { withoutDefaults } from '../../../schema/defaults';
import { isNode, type SchemaNode } from '../../../schema/walk';

const OPEN_AT_FIRST = 2;
const SUMMED_UP = 5;

interface FieldState {
  formData?: unknown;
  errorSchema?: ErrorSchema;
}

// The template is given the item only as the element that will draw it.
function fieldState({ children }: ArrayFieldItemTemplateProps): FieldState {
  return isValidElement(children) ? (children.props as FieldState) : {};
}

// What people set themselves says more than the defaults they left.
function summary(schema: SchemaNode, data: unknown): string {
  if (!isNode(data)) return '';
  const scalars = Object.values(withoutDefaults(schema, data as JsonObject) as JsonObject).filter((value) => ['string', 'number'].includes(typeof value) && value !== '');
  return scalars.slice(0, SUMMED_UP).join(' · ');
}

function isIncomplete(data: unknown, required: string[] = []): boolean {
  return isNode(data) && required.some((name) => data[name] === undefined);
}

export function ItemTemplate(props: ArrayFieldItemTemplateProps) {
  const { schema, children, totalItems } = props;
  const { formData, errorSchema } = fieldState(props);
  const wrong = Boolean(errorSchema && Object.keys(errorSchema).length > 0);
  const [open, setOpen] = useState(totalItems <= OPEN_AT_FIRST || isIncomplete(formData, schema.required));
  useEffect(() => {
    if (wrong) setOpen(true);
  }, [wrong]);

  if (schema.type !== 'object' && !isNode(formData)) {
    return (
      <Group wrap="nowrap" align="flex-start" gap="xs">
        <Box style={{ flex: 1 }}>{children}</Box>
        <ItemButtons {...props} />
      </Group>
    );
  }
  return (
    <Box style={{ border: '1px solid var(--line)', borderRadius: 8 }}>
      <ItemHeader item={props} text={summary(schema as SchemaNode, formData)} wrong={wrong} open={open} onToggle={() => setOpen(!open)} />
      <Collapse in={open}>{open && <Box p="md" pt="xs">{children}</Box>}</Collapse>
    </Box>
  );
}

interface HeaderProps {
  item: ArrayFieldItemTemplateProps;
  text: string;
  wrong: boolean;
  open: boolean;
  onToggle: () => void;
}

function ItemHeader({ item, text, wrong, open, onToggle }: HeaderProps) {
  const { t } = useTranslation();
  return (
    <Group justify="space-between" wrap="nowrap" gap="xs" px="xs" py={5}>
      <UnstyledButton onClick={onToggle} aria-expanded={open} style={{ flex: 1, minWidth: 0, display: 'flex', gap: 8, alignItems: 'center' }} p={4}>
        <Icon name={open ? 'down' : 'right'} size={14} />
        <Text span fz="xs" c="dimmed" className="number">{item.index + 1}</Text>
        <Text span fz="sm" truncate>{text || t('form.newItem')}</Text>
        {wrong && <Badge color="red" variant="light" size="sm" tt="none">{t('form.needsAttention')}</Badge>}
      </UnstyledButton>
      <ItemButtons {...item} />
    </Group>
  );
}

function ItemButtons({ hasToolbar, index, buttonsProps }: ArrayFieldItemTemplateProps) {
  const { t } = useTranslation();
  const { hasMoveUp, hasMoveDown, hasCopy, hasRemove, disabled, readonly } = buttonsProps;
  if (!hasToolbar) return null;
  const number = index + 1;
  const buttons: { shown: boolean | undefined; icon: IconName; label: string; act: () => void }[] = [
    { shown: hasMoveUp, icon: 'up', label: t('form.moveUpItem', { number }), act: () => buttonsProps.onMoveUpItem() },
    { shown: hasMoveDown, icon: 'down', label: t('form.moveDownItem', { number }), act: () => buttonsProps.onMoveDownItem() },
    { shown: hasCopy, icon: 'copy', label: t('form.duplicateItem', { number }), act: () => buttonsProps.onCopyItem() },
    { shown: hasRemove, icon: 'trash', label: t('form.removeItem', { number }), act: () => buttonsProps.onRemoveItem() },
  ];
  return (
    <Group gap={2} wrap="nowrap">
      {buttons.filter(({ shown }) => shown).map(({ icon, label, act }) => (
        <ActionIcon key={icon} variant="subtle" color="gray" disabled={disabled || readonly} onClick={act} aria-label={label} title={label}>
          <Icon name={icon} size={16} />
        </ActionIcon>
      ))}
    </Group>
  );
}
