import { Alert, Button, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/Icon';

interface Props {
  busy: boolean;
  onReload: () => void;
  onOverwrite: () => void;
}

/** Somebody else stored a change since this page was opened. */
export function ConflictAlert({ busy, onReload, onOverwrite }: Props) {
  const { t } = useTranslation();
  return (
    <Alert color="orange" variant="light" role="alert" mb="md" icon={<Icon name="warning" />} title={t('form.conflictTitle')}>
      <Text fz="sm">{t('form.conflictText')}</Text>
      <Group mt="sm" gap="xs">
        <Button size="xs" variant="default" onClick={onReload}>{t('form.conflictReload')}</Button>
        <Button size="xs" color="orange" variant="light" loading={busy} onClick={onOverwrite}>{t('form.conflictOverwrite')}</Button>
      </Group>
    </Alert>
  );
}
