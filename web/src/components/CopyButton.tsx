import { Button } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { Icon } from './Icon';

export function CopyButton({ text }: { text: string }) {
  const { t } = useTranslation();
  const { copy, copied } = useClipboard();
  return (
    <Button size="xs" variant="default" onClick={() => copy(text)} aria-live="polite"
      leftSection={<Icon name={copied ? 'check' : 'copy'} size={15} />}>
      {copied ? t('common.copied') : t('common.copy')}
    </Button>
  );
}
