// Start, stop, restart and delete, with the outcome told in a notification.
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useForgetInstances } from '../api/queries';
import { instances } from '../api/resources';
import { useErrorText } from './useErrorText';

export type Command = 'start' | 'stop' | 'restart' | 'delete';

async function perform(id: string, command: Command) {
  if (command !== 'delete') return instances.command(id, command);
  const { etag } = await instances.read(id);
  return instances.remove(id, etag);
}

export function useInstanceCommand(id: string, onDone?: (command: Command) => void) {
  const { t } = useTranslation();
  const text = useErrorText();
  const forget = useForgetInstances();
  return useMutation({
    mutationFn: (command: Command) => perform(id, command),
    onSuccess: (_, command) => {
      notifications.show({ color: 'jade', message: t(`instance.did.${command}`, { id }) });
      onDone?.(command);
    },
    onError: (error, command) =>
      notifications.show({
        color: 'red', autoClose: false, title: t(`instance.failed.${command}`, { id }), message: text(error),
        closeButtonProps: { 'aria-label': t('common.close') },
      }),
    onSettled: forget,
  });
}
