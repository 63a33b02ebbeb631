import { Code } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Instance } from '../../api/types';
import { CopyButton } from '../../components/CopyButton';
import { Section } from '../../components/Section';

export function ConfigSection({ instance }: { instance: Instance }) {
  const { t } = useTranslation();
  const text = JSON.stringify(instance.config, null, 2);
  return (
    <Section title={t('instance.config')} actions={<CopyButton text={text} />}>
      <Code block tabIndex={0} aria-label={t('instance.config')} style={{ maxHeight: 320 }}>{text}</Code>
    </Section>
  );
}
