import { Button, Group, Modal, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

interface Props {
  opened: boolean;
  title: string;
  children: ReactNode;
  confirm: string;
  danger?: boolean;
  busy?: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}

export function ConfirmModal({ opened, title, children, confirm, danger, busy, onConfirm, onCancel }: Props) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onCancel} title={<Text fw={600}>{title}</Text>} centered
      closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Text fz="sm" component="div">{children}</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onCancel} data-autofocus>{t('common.cancel')}</Button>
        <Button color={danger ? 'red' : undefined} loading={busy} onClick={onConfirm}>{confirm}</Button>
      </Group>
    </Modal>
  );
}
