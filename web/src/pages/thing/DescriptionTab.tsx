import { Code } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Thing } from '../../api/types';
import { CopyButton } from '../../components/CopyButton';
import { Section } from '../../components/Section';

export function DescriptionTab({ thing }: { thing: Thing }) {
  const { t } = useTranslation();
  const text = JSON.stringify(thing, null, 2);
  return (
    <Section title={t('thing.tdTitle')} actions={<CopyButton text={text} />}>
      <Code block tabIndex={0} aria-label={t('thing.tdTitle')} style={{ maxHeight: '65vh' }}>{text}</Code>
    </Section>
  );
}
