// The members of an object in as many columns as fit; lists and objects take the whole width.
import { Box, Text, UnstyledButton } from '@mantine/core';
import { buttonId, canExpand, type ObjectFieldTemplateProps } from '@rjsf/utils';
import { useState, type CSSProperties, type ReactNode } from 'react';
import { Icon } from '../../../components/Icon';
import { withoutDefaults } from '../../../schema/defaults';
import { isNode, type SchemaNode } from '../../../schema/walk';
import type { Json } from '../../../api/types';

const GRID: CSSProperties = {
  display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(min(230px, 100%), 1fr))', gap: '16px 20px', alignItems: 'start',
};

function isWide(schema: SchemaNode | undefined): boolean {
  return !schema || schema.type === 'array' || schema.type === 'object' || '$ref' in schema || 'oneOf' in schema || 'anyOf' in schema;
}

export function ObjectTemplate(props: ObjectFieldTemplateProps) {
  const { fieldPathId, title, description, required, schema, formData, properties } = props;
  const known = schema.properties as Record<string, SchemaNode> | undefined;
  const grid = (
    <div style={GRID}>
      {properties.filter(({ hidden }) => !hidden).map(({ name, content }) => (
        <div key={name} style={isWide(known?.[name]) ? { gridColumn: '1 / -1' } : undefined}>{content}</div>
      ))}
      <AddMember {...props} />
    </div>
  );
  const last = fieldPathId.path[fieldPathId.path.length - 1];
  // The page names the whole form, and each item of a list has a heading already.
  if (typeof last !== 'string') return grid;
  const untouched = formData === undefined || Object.keys(withoutDefaults(schema as SchemaNode, formData as Json) ?? {}).length === 0;
  return (
    <Group title={title} description={description} foldable={!required} open={Boolean(required) || !untouched}>{grid}</Group>
  );
}

function AddMember({ schema, uiSchema, formData, registry, fieldPathId, disabled, readonly, onAddProperty }: ObjectFieldTemplateProps) {
  const { AddButton } = registry.templates.ButtonTemplates;
  if (!canExpand(schema, uiSchema, formData)) return null;
  return (
    <div style={{ gridColumn: '1 / -1' }}>
      <AddButton id={buttonId(fieldPathId, 'add')} disabled={disabled || readonly} onClick={onAddProperty} uiSchema={uiSchema} registry={registry} />
    </div>
  );
}

interface GroupProps {
  title: string;
  description?: ReactNode;
  foldable: boolean;
  open: boolean;
  children: ReactNode;
}

/** An optional group stays folded until somebody wants it. */
function Group({ title, description, foldable, open, children }: GroupProps) {
  const [shown, setShown] = useState(open);
  const hint = isNode(description) ? null : description;
  return (
    <Box role="group" aria-label={title} style={{ border: '1px solid var(--line)', borderRadius: 8 }} px="md" py={10}>
      {foldable ? (
        <UnstyledButton onClick={() => setShown(!shown)} aria-expanded={shown} fz="sm" fw={600} style={{ display: 'flex', gap: 6, alignItems: 'center' }}>
          <Icon name={shown ? 'down' : 'right'} size={14} />{title}
        </UnstyledButton>
      ) : <Text fz="sm" fw={600}>{title}</Text>}
      {hint && <Text fz="xs" c="dimmed" mt={2}>{hint}</Text>}
      {shown && <Box mt="sm" mb={6}>{children}</Box>}
    </Box>
  );
}
